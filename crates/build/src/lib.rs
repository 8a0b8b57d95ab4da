//! Compiles contracts with protox, so that nobody needs a system protoc: for build scripts, the platform's and those of services beside it.

use std::{
    env, fs,
    path::{Path, PathBuf},
};
use tonic_prost_build::Builder;

/// What goes wrong in a build script ends the build with its sentence.
pub type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

/// The encoded contract beside the generated code.
const SET: &str = "contract.fds.bin";

/// Compiles the platform's contract, in `studium/`, and lets crates that use it find it (`links` in its manifest).
///
/// # Errors
/// When a proto cannot be read or compiled.
pub fn platform() -> Result {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?);
    println!("cargo:contract={}", root.display());
    compile(&root, "studium", None, |it| it.bytes(".studium.log.v1"))
}

/// Compiles the contract of a service beside the platform, in `proto/`; it may import the platform's.
///
/// # Errors
/// When a proto cannot be read or compiled, or the crate does not depend on `studium-proto`.
pub fn extension() -> Result {
    let root = PathBuf::from(env::var("CARGO_MANIFEST_DIR")?).join("proto");
    let platform = env::var("DEP_STUDIUM_PROTO_CONTRACT")
        .map_err(|_| "list `studium-proto` among the dependencies: this contract is built upon it")?;
    compile(&root, "", Some(Path::new(&platform)), |it| it.extern_path(".studium", "::studium_proto"))
}

fn compile(root: &Path, below: &str, imported: Option<&Path>, more: impl FnOnce(Builder) -> Builder) -> Result {
    let out = PathBuf::from(env::var("OUT_DIR")?);
    println!("cargo:rerun-if-changed={}", root.join(below).display());
    let files = protos(root, below)?;
    let folders = || std::iter::once(root).chain(imported);

    let mut compiler = protox::Compiler::new(folders())?;
    compiler.include_source_info(false).include_imports(true).open_files(&files)?;
    // The encoded set keeps the options of ours (access, personal, kind); the decoded one would drop them.
    // It goes without the comments: every running service holds it several times over.
    fs::write(out.join(SET), compiler.encode_file_descriptor_set())?;

    let mut commented = protox::Compiler::new(folders())?;
    commented.include_source_info(true).include_imports(true).open_files(files)?;
    let builder = tonic_prost_build::configure()
        .enum_attribute(".", "#[allow(clippy::doc_markdown, clippy::large_enum_variant)]");
    more(builder).compile_fds(commented.file_descriptor_set())?;
    Ok(())
}

/// All protos in a folder of `root` and in those within, as `root` names them.
fn protos(root: &Path, below: &str) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![root.join(below)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).map_err(|e| format!("cannot read {}: {e}", folder.display()))? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "proto") {
                files.push(path.strip_prefix(root)?.to_path_buf());
            }
        }
    }
    files.sort();
    Ok(files)
}
