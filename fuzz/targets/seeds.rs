//! Writes the seeds of every target to `corpus/TARGET/`.

use std::fs;
use std::path::Path;

#[path = "../../tests/parsers/entries.rs"]
#[allow(dead_code, reason = "shared with the targets")]
mod entries;
#[path = "../../tests/parsers/seeds.rs"]
mod seeds;

fn main() -> std::io::Result<()> {
    for target in seeds::TARGETS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target.name);
        fs::create_dir_all(&folder)?;
        for (at, seed) in (target.seeds)().iter().enumerate() {
            fs::write(folder.join(format!("seed-{at}")), seed)?;
            (target.entry)(seed);
        }
    }
    Ok(())
}
