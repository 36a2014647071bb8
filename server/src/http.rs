//! TCP, TLS and the routes. A connection has a few seconds to become a WebSocket or be gone.

use std::{convert::Infallible, net::IpAddr, sync::Arc, time::Duration};

use axum::{
    Extension, Router,
    extract::{State, WebSocketUpgrade},
    http::{HeaderMap, Request, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use orrery_protocol::limits::MAX_FRAME;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::watch,
    time::{sleep, timeout},
};
use tower::Service;

use crate::{
    address::{Origin, is_proxy},
    admission::{Crowded, Permit},
    dropbox,
    limits::{HTTP_BUFFER, MAX_HEADERS, MAX_WRITE_BUFFER, RAW_BYTES, READ_BUFFER, WRITE_BUFFER},
    meter::Metered,
    metrics::{Dropped, Endpoint, Metrics},
    session,
    shared::{Phase, Shared, closed},
    tls::Tls,
};

/// Rest after the system refused to accept (no descriptors left), so that a crowd does not burn a core.
const ERROR_REST: Duration = Duration::from_millis(100);
/// `Retry-After` of those who are turned away, in seconds.
const RETRY_AFTER: &str = "10";

/// One TCP connection, for as long as it or the WebSocket it became lives.
#[derive(Debug)]
pub(crate) struct Guest {
    address: IpAddr,
    /// `None` for a proxy, which speaks for others.
    origin: Option<Origin>,
    crowded: Option<Crowded>,
    _permits: [Option<Permit>; 2],
}

impl Guest {
    /// Counts a connection in. `None` when there is not even room to tell it why it must go.
    fn arrive(shared: &Shared, address: IpAddr) -> Option<Self> {
        let origin = if !shared.behind_proxy {
            Some(Origin::direct(address))
        } else if is_proxy(address, &shared.proxies) {
            // Whom it speaks for is counted when the headers are there.
            None
        } else {
            Some(Origin::counted(address))
        };
        let from = origin.map_or(Ok(None), |origin| shared.admission.enter_from(origin));
        let (crowded, permits) = match (shared.admission.enter(), from) {
            (Ok(place), Ok(from)) => (None, [Some(place), from]),
            (Err(crowded), _) | (_, Err(crowded)) => {
                shared.metrics.dropped(dropped(crowded));
                (Some(crowded), [Some(shared.turned_away.enter().ok()?), None])
            }
        };
        Some(Self {
            address,
            origin,
            crowded,
            _permits: permits,
        })
    }
}

const fn dropped(crowded: Crowded) -> Dropped {
    match crowded {
        Crowded::Server => Dropped::ServerFull,
        Crowded::Origin => Dropped::OriginFull,
    }
}

/// Accepts connections until the server ends.
pub(crate) async fn accept(listener: TcpListener, shared: Arc<Shared>, tls: Option<Tls>) {
    let router = routes(shared.clone());
    let mut phase = shared.phase.clone();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = closed(&mut phase) => return,
        };
        let Ok((stream, address)) = accepted else {
            sleep(ERROR_REST).await;
            continue;
        };
        let Some(guest) = Guest::arrive(&shared, address.ip()) else {
            continue;
        };
        tokio::spawn(receive(
            stream,
            Arc::new(guest),
            shared.clone(),
            tls.clone(),
            router.clone(),
        ));
    }
}

async fn receive(stream: TcpStream, guest: Arc<Guest>, shared: Arc<Shared>, tls: Option<Tls>, router: Router) {
    // Frames are small and somebody waits for each.
    let _ = stream.set_nodelay(true);
    let spared = guest.origin.is_some_and(Origin::is_spared);
    let rate = (!spared).then(|| shared.limits.byte_rate.times(RAW_BYTES));
    let stream = Metered::new(stream, rate, shared.clock.clone());
    let serve = async {
        match tls {
            None => serve_http(stream, guest, &shared, router).await,
            Some(tls) => {
                if let Ok(stream) = tls.acceptor().accept(stream).await {
                    serve_http(stream, guest, &shared, router).await;
                }
            }
        }
    };
    let mut phase = shared.phase.clone();
    tokio::select! {
        _ = timeout(shared.limits.upgrade_timeout.0, serve) => {}
        () = closed(&mut phase) => {}
    }
}

async fn serve_http(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    guest: Arc<Guest>,
    shared: &Shared,
    router: Router,
) {
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(guest.clone());
        let crowded = guest.crowded;
        let mut router = router.clone();
        async move {
            match crowded {
                Some(crowded) => Ok::<_, Infallible>(turn_away(crowded)),
                None => router.call(request).await,
            }
        }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(shared.limits.header_timeout.0)
        .max_headers(MAX_HEADERS)
        .max_buf_size(HTTP_BUFFER)
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades();
    // What goes wrong here is the other side's: a bad request, a timeout, a connection that breaks off.
    let _ = connection.await;
}

fn routes(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/v1/socket", get(socket))
        .route("/v1/drop", get(drop_off))
        .route("/healthz", get(health))
        .route("/readyz", get(ready))
        .with_state(shared)
}

async fn socket(
    State(shared): State<Arc<Shared>>,
    Extension(guest): Extension<Arc<Guest>>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    open(shared, guest, &headers, upgrade, Endpoint::Socket)
}

async fn drop_off(
    State(shared): State<Arc<Shared>>,
    Extension(guest): Extension<Arc<Guest>>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Response {
    open(shared, guest, &headers, upgrade, Endpoint::Drop)
}

fn open(
    shared: Arc<Shared>,
    guest: Arc<Guest>,
    headers: &HeaderMap,
    upgrade: WebSocketUpgrade,
    endpoint: Endpoint,
) -> Response {
    if shared.phase() != Phase::Open {
        return unavailable("the server is stopping\n");
    }
    let (origin, permit) = match guest.origin {
        Some(origin) => (origin, None),
        None => {
            let origin = Origin::forwarded(guest.address, headers);
            match shared.admission.enter_from(origin) {
                Ok(permit) => (origin, permit),
                Err(crowded) => {
                    shared.metrics.dropped(dropped(crowded));
                    return turn_away(crowded);
                }
            }
        }
    };
    let counted = SocketCount::new(shared.sockets.clone());
    upgrade
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_write_buffer_size(MAX_WRITE_BUFFER)
        .max_message_size(MAX_FRAME)
        .max_frame_size(MAX_FRAME)
        .on_upgrade(move |socket| async move {
            let open = shared.metrics.connected(endpoint);
            match endpoint {
                Endpoint::Socket => session::run(shared, socket, origin).await,
                Endpoint::Drop => dropbox::run(shared, socket, origin).await,
            }
            drop((guest, permit, counted, open));
        })
}

/// Counts a WebSocket as open until dropped, for whoever waits until all are gone.
struct SocketCount(watch::Sender<usize>);

impl SocketCount {
    fn new(sockets: watch::Sender<usize>) -> Self {
        sockets.send_modify(|open| *open += 1);
        Self(sockets)
    }
}

impl Drop for SocketCount {
    fn drop(&mut self) {
        self.0.send_modify(|open| *open = open.saturating_sub(1));
    }
}

/// Whether the process serves at all.
async fn health(State(shared): State<Arc<Shared>>) -> Response {
    if shared.store.is_open() {
        "ok\n".into_response()
    } else {
        unavailable("the database is closed\n")
    }
}

/// Whether new clients should be sent here.
async fn ready(State(shared): State<Arc<Shared>>) -> Response {
    if shared.phase() == Phase::Open && shared.store.is_open() {
        "ready\n".into_response()
    } else {
        unavailable("draining\n")
    }
}

fn unavailable(why: &'static str) -> Response {
    (
        StatusCode::SERVICE_UNAVAILABLE,
        [(header::RETRY_AFTER, RETRY_AFTER), (header::CONNECTION, "close")],
        why,
    )
        .into_response()
}

fn turn_away(crowded: Crowded) -> Response {
    match crowded {
        Crowded::Server => unavailable("the server is full\n"),
        Crowded::Origin => (
            StatusCode::TOO_MANY_REQUESTS,
            [(header::RETRY_AFTER, RETRY_AFTER), (header::CONNECTION, "close")],
            "too many connections from this address\n",
        )
            .into_response(),
    }
}

/// Serves the counts until the server ends.
pub(crate) async fn serve_metrics(listener: TcpListener, shared: Arc<Shared>) {
    async fn page(State(metrics): State<Arc<Metrics>>) -> Response {
        ([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], metrics.render()).into_response()
    }
    let router = Router::new()
        .route("/metrics", get(page))
        .with_state(shared.metrics.clone());
    let mut phase = shared.phase.clone();
    let served = axum::serve(listener, router).with_graceful_shutdown(async move { closed(&mut phase).await });
    if let Err(error) = served.await {
        tracing::warn!(%error, "the counts are no longer served");
    }
}
