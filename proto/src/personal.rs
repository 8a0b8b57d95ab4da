//! What is personal in events: where the contract marks it, whose it is, and how it is taken out of the bytes and put back.

use prost::encoding::{decode_varint, encode_varint};
use prost_reflect::{DynamicMessage, FieldDescriptor, Kind, MessageDescriptor, ReflectMessage as _, Value};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What is personal in the events of one aggregate.
#[derive(Debug)]
pub struct Personal {
    arms: HashMap<u32, Arm>,
    holder: Holder,
}

/// Whose key seals what neither a field nor an earlier event gives to somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Holder {
    /// The person whose id is the aggregate's.
    Id,
    /// The person whose id is the last part of the aggregate's.
    LastPart,
    /// The aggregate itself.
    Aggregate,
}

/// One kind of event.
#[derive(Debug)]
struct Arm {
    shape: Shape,
    /// Number of the field that says whom the aggregate is about.
    owner: Option<u32>,
}

/// Where a message has marked fields, by number.
#[derive(Debug, Default)]
struct Shape(BTreeMap<u32, Mark>);

/// A field that is marked, or has marked ones within.
#[derive(Debug)]
struct Mark {
    /// Number of the field beside it that names the person, if one does.
    person: Option<u32>,
    what: What,
}

#[derive(Debug)]
enum What {
    /// The field itself.
    Marked,
    /// Fields within the one message.
    Within(Shape),
    /// Fields within each message of a list.
    Each(Shape),
}

/// The persons whom a field is about, where that is said beside it.
type Named<'a> = Option<BTreeSet<&'a str>>;

/// An event without its personal fields, and these by holder, each an event that can be merged with it.
#[derive(Debug, PartialEq, Eq)]
pub struct Cut {
    /// What is left.
    pub event: Vec<u8>,
    /// Holder, and what is about this one.
    pub parts: Vec<(String, Vec<u8>)>,
}

impl Personal {
    pub(crate) fn of(envelope: &MessageDescriptor) -> Option<Self> {
        let arm = |field: FieldDescriptor| {
            let Kind::Message(event) = field.kind() else { return None };
            let owner = event.fields().find(|it| option(&it.options(), "owner") == Some(Value::Bool(true)));
            let arm = Arm { shape: Shape::of(&event), owner: owner.map(|it| it.number()) };
            (!arm.shape.0.is_empty() || arm.owner.is_some()).then_some((field.number(), arm))
        };
        let arms: HashMap<_, _> = envelope.fields().filter_map(arm).collect();
        if arms.values().all(|it| it.shape.0.is_empty()) {
            return None;
        }
        let holder = match option(&envelope.options(), "holder") {
            Some(Value::EnumNumber(1)) => Holder::Id,
            Some(Value::EnumNumber(2)) => Holder::LastPart,
            _ => Holder::Aggregate,
        };
        Some(Self { arms, holder })
    }

    /// Whom the aggregate is about after an event, if the event says so.
    pub fn owner<'a>(&self, event: &'a [u8]) -> Option<&'a str> {
        let Field { number, content, .. } = fields(event).next()?;
        let owner = self.arms.get(&number)?.owner?;
        texts(content, owner).next()
    }

    /// Takes the personal fields out of an event of an aggregate that is about `owner`, as far as that is known;
    /// `None` when it has none.
    pub fn cut(&self, subject: &str, owner: &str, event: &[u8]) -> Option<Cut> {
        let Field { number, content, .. } = fields(event).next()?;
        let shape = &self.arms.get(&number)?.shape;
        let mut parts: BTreeMap<Named<'_>, Vec<u8>> = BTreeMap::new();
        let rest = shape.cut(content, &mut |named, raw| parts.entry(named).or_default().extend(raw));
        if parts.is_empty() {
            return None;
        }
        let mut by_holder: BTreeMap<&str, Vec<u8>> = BTreeMap::new();
        for (named, part) in parts {
            by_holder.entry(self.holder(subject, owner, named)).or_default().extend(part);
        }
        let parts = by_holder.into_iter().map(|(holder, part)| (holder.to_owned(), wrapped(number, &part))).collect();
        Some(Cut { event: wrapped(number, &rest), parts })
    }

    fn holder<'a>(&self, subject: &'a str, owner: &'a str, named: Named<'a>) -> &'a str {
        let id = subject.rsplit('.').next().unwrap_or(subject);
        match (named, self.holder) {
            (Some(mut named), _) => named.pop_first().filter(|_| named.is_empty()).unwrap_or(subject),
            (None, _) if !owner.is_empty() => owner,
            (None, Holder::Id) => id,
            (None, Holder::LastPart) => id.rsplit('~').next().unwrap_or(id),
            (None, Holder::Aggregate) => subject,
        }
    }

    /// An event in which every personal field that may stand there says something.
    pub fn filled(&self, event: &[u8], text: &str) -> Vec<u8> {
        match fields(event).next().and_then(|it| Some((it.number, it.content, self.arms.get(&it.number)?))) {
            Some((number, content, arm)) => wrapped(number, &arm.shape.filled(content, text)),
            None => event.to_owned(),
        }
    }

    /// Puts back into an event what was cut out of it.
    pub fn mend(&self, event: &[u8], part: &[u8]) -> Vec<u8> {
        let (Some(kept), Some(cut)) = (fields(event).next(), fields(part).next()) else { return event.to_owned() };
        match self.arms.get(&kept.number) {
            Some(arm) if kept.number == cut.number => wrapped(kept.number, &arm.shape.mend(kept.content, cut.content)),
            _ => [event, part].concat(),
        }
    }
}

impl Shape {
    fn of(message: &MessageDescriptor) -> Self {
        let mark = |field: FieldDescriptor| {
            let person = option(&field.options(), "person");
            let person = person.and_then(|it| Some(message.get_field_by_name(it.as_str()?)?.number()));
            let what = if option(&field.options(), "personal") == Some(Value::Bool(true)) {
                What::Marked
            } else {
                let Kind::Message(inner) = field.kind() else { return None };
                match Self::of(&inner) {
                    shape if shape.0.is_empty() => return None,
                    shape if field.is_list() => What::Each(shape),
                    shape => What::Within(shape),
                }
            };
            Some((field.number(), Mark { person, what }))
        };
        Self(message.fields().filter_map(mark).collect())
    }

    /// Returns the message without its marked fields; hands out each of them, with the persons it is about.
    fn cut<'a>(&self, message: &'a [u8], out: &mut dyn FnMut(Named<'a>, Vec<u8>)) -> Vec<u8> {
        let mut rest = Vec::with_capacity(message.len());
        // Stubs of a list stay in step with its items, so that each finds its own again.
        let mut lists: BTreeMap<u32, (Vec<u8>, Named<'a>, bool)> = BTreeMap::new();
        for Field { number, raw, content } in fields(message) {
            let Some(mark) = self.0.get(&number) else {
                rest.extend_from_slice(raw);
                continue;
            };
            let mut named: Named<'a> = mark.person.map(|it| texts(message, it).collect());
            let shape = match &mark.what {
                What::Marked => {
                    out(named, raw.to_owned());
                    continue;
                }
                What::Within(shape) | What::Each(shape) => shape,
            };
            let mut stub = Vec::new();
            let inner = shape.cut(content, &mut |more, it| {
                named = union(named.take(), more);
                stub.extend(it);
            });
            rest.extend(wrapped(number, &inner));
            match &mark.what {
                What::Each(_) => {
                    let (stubs, all, has_any) = lists.entry(number).or_default();
                    if !stub.is_empty() {
                        *has_any = true;
                        *all = union(all.take(), named);
                    }
                    stubs.extend(wrapped(number, &stub));
                }
                _ if stub.is_empty() => {}
                _ => out(named, wrapped(number, &stub)),
            }
        }
        for (stubs, named, _) in lists.into_values().filter(|(_, _, has_any)| *has_any) {
            out(named, stubs);
        }
        rest
    }

    fn filled(&self, message: &[u8], text: &str) -> Vec<u8> {
        let mut full = Vec::with_capacity(message.len());
        for Field { number, raw, content } in fields(message) {
            match self.0.get(&number).map(|it| &it.what) {
                Some(What::Within(shape) | What::Each(shape)) => {
                    full.extend(wrapped(number, &shape.filled(content, text)));
                }
                _ => full.extend_from_slice(raw),
            }
        }
        let marked = self.0.iter().filter(|(_, it)| matches!(it.what, What::Marked));
        marked.for_each(|(number, _)| full.extend(wrapped(*number, text.as_bytes())));
        full
    }

    fn mend(&self, kept: &[u8], cut: &[u8]) -> Vec<u8> {
        let each = |number| match self.0.get(&number) {
            Some(Mark { what: What::Each(shape), .. }) => Some(shape),
            _ => None,
        };
        if !self.0.values().any(|it| matches!(it.what, What::Each(_))) {
            // Messages are merged by writing one behind the other (Protocol Buffers, encoding, "Last One Wins").
            return [kept, cut].concat();
        }
        let mut stubs: HashMap<u32, Vec<&[u8]>> = HashMap::new();
        let mut others = Vec::new();
        for it in fields(cut) {
            match each(it.number) {
                Some(_) => stubs.entry(it.number).or_default().push(it.content),
                None => others.extend_from_slice(it.raw),
            }
        }
        let mut stubs: HashMap<_, _> = stubs.into_iter().map(|(number, it)| (number, it.into_iter())).collect();
        let mut whole = Vec::with_capacity(kept.len() + cut.len());
        for it in fields(kept) {
            match (each(it.number), stubs.get_mut(&it.number).and_then(Iterator::next)) {
                (Some(shape), Some(stub)) => whole.extend(wrapped(it.number, &shape.mend(it.content, stub))),
                _ => whole.extend_from_slice(it.raw),
            }
        }
        whole.extend(others);
        whole
    }
}

/// What an option of ours says, if anything.
fn option(options: &DynamicMessage, name: &str) -> Option<Value> {
    let pool = options.descriptor().parent_pool().clone();
    let extension = pool.get_extension_by_name(&format!("studium.options.v1.{name}"))?;
    options.has_extension(&extension).then(|| options.get_extension(&extension).into_owned())
}

fn union<'a>(a: Named<'a>, b: Named<'a>) -> Named<'a> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.into_iter().chain(b).collect()),
        (a, b) => a.or(b),
    }
}

/// One field of a message.
struct Field<'a> {
    number: u32,
    /// As it stands there.
    raw: &'a [u8],
    /// What is in it, if its length is written before it.
    content: &'a [u8],
}

/// The fields of an encoded message; ends early at bytes that are none.
fn fields(message: &[u8]) -> impl Iterator<Item = Field<'_>> {
    let mut rest = message;
    std::iter::from_fn(move || {
        let from = rest;
        let key = decode_varint(&mut rest).ok()?;
        let length = match key & 7 {
            0 => {
                decode_varint(&mut rest).ok()?;
                0
            }
            1 => 8,
            2 => usize::try_from(decode_varint(&mut rest).ok()?).ok()?,
            5 => 4,
            _ => return None,
        };
        let content;
        (content, rest) = rest.split_at_checked(length)?;
        Some(Field { number: (key >> 3) as u32, raw: &from[..from.len() - rest.len()], content })
    })
}

/// The texts in a field that are not empty.
fn texts(message: &[u8], number: u32) -> impl Iterator<Item = &str> {
    let named = fields(message).filter(move |it| it.number == number && !it.content.is_empty());
    named.filter_map(|it| std::str::from_utf8(it.content).ok())
}

/// A message as a field of another.
fn wrapped(number: u32, message: &[u8]) -> Vec<u8> {
    let mut field = Vec::with_capacity(message.len() + 6);
    encode_varint(u64::from(number) << 3 | 2, &mut field);
    encode_varint(message.len() as u64, &mut field);
    field.extend_from_slice(message);
    field
}

#[cfg(test)]
mod tests;
