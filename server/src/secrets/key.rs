//! Where the key comes from.

use super::Sealer;
use crate::config::Config;
use base64::{Engine, engine::general_purpose::STANDARD};
use std::{
    fs,
    io::{ErrorKind, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

/// The sealer of this installation.
///
/// # Errors
/// A key that is none, or a key file that cannot be read or made; in words.
pub fn sealer(config: &Config) -> Result<Sealer, String> {
    let text = match &config.secret_key {
        Some(text) => text.clone(),
        None => from_file(&config.data.join("key"))?,
    };
    let bytes = STANDARD.decode(text.trim()).ok().and_then(|b| <[u8; 32]>::try_from(b).ok());
    Ok(Sealer::new(&bytes.ok_or("the key that seals secrets is not 32 bytes in base64")?))
}

fn from_file(path: &Path) -> Result<String, String> {
    match fs::read_to_string(path) {
        Ok(text) => return Ok(text),
        Err(e) if e.kind() == ErrorKind::NotFound => {}
        Err(e) => return Err(format!("read {}: {e}", path.display())),
    }
    let text = STANDARD.encode(rand::random::<[u8; 32]>());
    let fresh = path.with_extension("new");
    let write = || -> std::io::Result<()> {
        let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&fresh, path)
    };
    write().map_err(|e| format!("make {}: {e}", path.display()))?;
    Ok(text)
}
