//! The end: whoever waits for an answer gets one, contacts hear a goodbye, and the database closes last.

use orrery_core::Input;
use orrery_link::Code;
use tokio::time::{Instant, timeout_at};

use super::{Driver, FLUSH_EVERY, GOODBYE, Place};
use crate::profile::Door;

impl Driver {
    pub(super) async fn wind_down(mut self) {
        self.finish_opening().await;
        let deadline = Instant::now() + GOODBYE;
        self.close_profile().await;
        self.finish_listing(deadline).await;
        while let Some(request) = self.end.try_command() {
            self.failed(request.reference, Code::Locked);
        }
        while !self.backlog.is_empty() && Instant::now() < deadline {
            tokio::time::sleep(FLUSH_EVERY).await;
            self.backlog.flush(&self.end);
        }
        let sound = self.sound;
        // Joins the audio thread, which may wait for devices to close.
        let _ = self.runtime.spawn_blocking(move || sound.stop()).await;
    }

    /// Leaves calls, says goodbye and closes the profile; the folder stays ours. Takes [`GOODBYE`] at most, and a
    /// moment for the database; longer only while a new vault is being written.
    pub(super) async fn close_profile(&mut self) {
        self.stop_jobs();
        if let Place::Inside(_) = self.place {
            self.feed(Input::Act(orrery_core::Act::Leave));
        }
        if let Place::Inside(session) = &mut self.place {
            let freed = session.barrier.lower();
            self.set_free(freed);
        }
        let deadline = Instant::now() + GOODBYE;
        while let Place::Inside(session) = &mut self.place
            && session.drops.is_busy()
        {
            match timeout_at(deadline, session.drops.result()).await {
                Ok(result) => self.drop_result(result),
                Err(_) => break,
            }
        }
        self.finish_jobs().await;
        if let Place::Inside(session) = std::mem::replace(&mut self.place, Place::Outside(Door::Shut(Code::Locked))) {
            let folder = std::sync::Arc::clone(&session.folder);
            session.close(deadline).await;
            self.place = Place::Outside(Door::Ready(folder));
        }
    }

    /// A profile that is just being opened, or made, is closed again; the command was carried out nonetheless.
    async fn finish_opening(&mut self) {
        let Place::Opening { task, reference } = &mut self.place else {
            return;
        };
        self.jobs.halt();
        let (result, reference) = (task.await, reference.take());
        match result {
            Ok((_, Ok(opened))) => {
                opened.engine.close();
                self.done(reference);
            }
            Ok((_, Err(code))) => self.failed(reference, code),
            Err(_) => self.failed(reference, Code::Internal),
        }
        self.place = Place::Outside(Door::Shut(Code::Locked));
    }

    /// Lists of devices that are under way.
    async fn finish_listing(&mut self, deadline: Instant) {
        while !self.listing.is_empty() {
            match timeout_at(deadline, self.reports.recv()).await {
                Ok(Some(report)) => self.report(report),
                Ok(None) | Err(_) => break,
            }
        }
        for reference in std::mem::take(&mut self.listing) {
            self.failed(Some(reference), Code::Locked);
        }
    }
}
