//! Writes the first inputs of every corpus: `seed-corpus DIR`. Real messages, so that a fuzzer begins where readers are deep.

fn main() -> std::io::Result<()> {
    let dir = std::env::args_os().nth(1).map(std::path::PathBuf::from);
    let Some(dir) = dir else {
        return Err(std::io::Error::other("usage: seed-corpus DIR"));
    };
    for (target, inputs) in orrery_laws::seeds::all() {
        let folder = dir.join(target);
        std::fs::create_dir_all(&folder)?;
        for (number, input) in inputs.iter().enumerate() {
            std::fs::write(folder.join(format!("seed-{number:02}")), input)?;
        }
    }
    Ok(())
}
