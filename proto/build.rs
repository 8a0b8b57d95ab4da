//! Compiles the contract with protox, so that nobody needs a system protoc.

use std::{env, error::Error, fs, path::PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    let out = PathBuf::from(env::var("OUT_DIR")?);
    println!("cargo:rerun-if-changed={}", root.join("studium").display());

    let mut files = Vec::new();
    let mut folders = vec![root.join("studium")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "proto") {
                files.push(path.strip_prefix(&root)?.to_path_buf());
            }
        }
    }
    files.sort();

    let mut compiler = protox::Compiler::new([&root])?;
    compiler.include_source_info(false).include_imports(true).open_files(&files)?;
    // The encoded set keeps the options of ours (access, personal, kind); the decoded one would drop them.
    // It goes without the comments: every running service holds it several times over.
    fs::write(out.join("studium.fds.bin"), compiler.encode_file_descriptor_set())?;

    let mut commented = protox::Compiler::new([&root])?;
    commented.include_source_info(true).include_imports(true).open_files(files)?;
    tonic_prost_build::configure()
        .bytes(".studium.log.v1")
        .enum_attribute(".", "#[allow(clippy::doc_markdown, clippy::large_enum_variant)]")
        .compile_fds(commented.file_descriptor_set())?;
    Ok(())
}
