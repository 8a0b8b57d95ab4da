//! The contract with its comments, which running services go without.

use prost_reflect::{DescriptorPool, EnumValueDescriptor, FieldDescriptor, FileDescriptor, MessageDescriptor};
use std::{collections::HashMap, path::Path, sync::LazyLock};

/// All protos of the platform.
pub static COMMENTED: LazyLock<DescriptorPool> = LazyLock::new(|| {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../proto");
    let files = studium_proto::DESCRIPTORS.files().filter(|it| it.package_name().starts_with("studium."));
    let files: Vec<_> = files.map(|it| root.join(it.name())).collect();
    let mut compiler = protox::Compiler::new([&root]).unwrap();
    compiler.include_source_info(true).include_imports(true).open_files(files).unwrap();
    DescriptorPool::decode(compiler.encode_file_descriptor_set().as_slice()).unwrap()
});

/// Every comment in one line, by file and place.
static COMMENTS: LazyLock<HashMap<String, HashMap<Vec<i32>, String>>> = LazyLock::new(|| {
    let of_file = |file: FileDescriptor| {
        let places = file.file_descriptor_proto().source_code_info.iter().flat_map(|it| &it.location);
        let said = places.map(|it| {
            let said = format!("{} {}", it.leading_comments(), it.trailing_comments());
            (it.path.clone(), said.split_whitespace().collect::<Vec<_>>().join(" "))
        });
        (file.name().to_owned(), said.collect())
    };
    COMMENTED.files().map(of_file).collect()
});

/// The comment on the thing at `path` in its file, in one line.
pub fn comment(file: &FileDescriptor, path: &[i32]) -> String {
    COMMENTS[file.name()].get(path).cloned().unwrap_or_default()
}

pub fn of_message(it: &MessageDescriptor) -> String {
    comment(&it.parent_file(), it.path())
}

pub fn of_field(it: &FieldDescriptor) -> String {
    comment(&it.parent_file(), it.path())
}

pub fn of_value(it: &EnumValueDescriptor) -> String {
    comment(&it.parent_enum().parent_file(), it.path())
}

/// Whether a field is marked as personal.
pub fn is_personal(field: &FieldDescriptor) -> bool {
    let option = COMMENTED.get_extension_by_name("studium.options.v1.personal").unwrap();
    field.options().get_extension(&option).as_bool() == Some(true)
}
