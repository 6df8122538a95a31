//! Finds the library; see README.md.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

/// Files of the shared library in a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(_) => return Vec::new(),
    };
    let mut found: Vec<PathBuf> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with("libinlay.so")
                || name.starts_with("libinlay.") && name.ends_with("dylib")
                || name == "inlay.lib"
                || name.starts_with("inlay") && name.ends_with(".dll")
        })
        .collect();
    found.sort();
    found
}

fn in_prefix(prefix: &Path, target: &str) -> Option<PathBuf> {
    let multiarch = target.replace("-unknown-", "-");
    [
        prefix.join("lib"),
        prefix.join("lib64"),
        prefix.join("lib").join(multiarch),
        prefix.to_path_buf(),
    ]
    .into_iter()
    .find(|folder| !files(folder).is_empty())
}

fn from_pkg_config() -> Result<PathBuf, String> {
    let program = env::var("PKG_CONFIG").unwrap_or_else(|_| "pkg-config".into());
    let output = Command::new(&program)
        .args(["--variable=libdir", "inlay"])
        .output()
        .map_err(|error| format!("{program}: {error}"))?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).trim().to_string());
    }
    let folder = PathBuf::from(String::from_utf8_lossy(&output.stdout).trim());
    if files(&folder).is_empty() {
        return Err(format!("no library in {}", folder.display()));
    }
    Ok(folder)
}

fn find(target: &str) -> Result<PathBuf, String> {
    if let Some(folder) = env::var_os("INLAY_DIR") {
        let folder = PathBuf::from(folder);
        return in_prefix(&folder, target)
            .ok_or_else(|| format!("INLAY_DIR={}: no library there", folder.display()));
    }
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default());
    let bundled = root.join("native").join(target);
    if !files(&bundled).is_empty() {
        return Ok(bundled);
    }
    from_pkg_config().map_err(|why| {
        format!("set INLAY_DIR to where Inlay is installed, or let pkg-config find it ({why})")
    })
}

/// Links of the library's files in the build folder: that folder is where
/// `cargo run` and `cargo test` let the loader look.
fn link_into(build: &Path, folder: &Path) -> std::io::Result<()> {
    for old in files(build) {
        fs::remove_file(old)?;
    }
    for file in files(folder) {
        let to = build.join(file.file_name().unwrap_or_default());
        #[cfg(unix)]
        std::os::unix::fs::symlink(fs::canonicalize(&file)?, to)?;
        #[cfg(not(unix))]
        fs::copy(&file, to)?;
    }
    Ok(())
}

fn main() {
    println!("cargo:rerun-if-env-changed=INLAY_DIR");
    println!("cargo:rerun-if-env-changed=PKG_CONFIG");
    println!("cargo:rerun-if-env-changed=PKG_CONFIG_PATH");
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=native");
    println!("cargo:rustc-link-lib=dylib=inlay");
    if env::var_os("DOCS_RS").is_some() {
        return;
    }
    let target = env::var("TARGET").unwrap_or_default();
    let folder = match find(&target) {
        Ok(folder) => folder,
        Err(why) => {
            eprintln!("inlay-sys found no library: {why}");
            std::process::exit(1);
        }
    };
    let build = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default());
    if let Err(error) = link_into(&build, &folder) {
        eprintln!("inlay-sys: {}: {error}", build.display());
        std::process::exit(1);
    }
    println!("cargo:rustc-link-search=native={}", build.display());
    println!("cargo:libdir={}", folder.display());
}
