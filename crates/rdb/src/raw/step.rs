//! Records and values described as small programs, so that one skimmer can find the end of each.

/// What one record or value is made of, in order.
pub(crate) type Program = &'static [Step];

/// One thing in a [`Program`].
#[derive(Debug)]
pub(crate) enum Step {
    /// A length (`rdbLoadLen`), whatever it counts.
    Length,
    /// A length that must have this value.
    Exactly(u64),
    /// A length that must be 1 or 2: how a quicklist node is held (`quicklist.h`).
    Container,
    /// A string in any of its encodings (`rdbGenericLoadStringObject`).
    String,
    /// This many bytes.
    Bytes(u8),
    /// A double as text behind one length byte, 253 to 255 being NaN and the infinities (`rdbLoadDoubleValue`).
    TextDouble,
    /// Another program, once.
    Group(Program),
    /// A length that is 0 or 1; the program follows if it is 1.
    Flagged(Program),
    /// A length; then `head` once, then `body` that many times.
    Counted {
        /// What stands between the count and the first repetition.
        head: Program,
        /// What is repeated.
        body: Program,
    },
    /// A tag and what it announces: an element of an array.
    Tagged,
    /// What a module wrote, opcode by opcode, to its end (`rdbLoadCheckModuleValue`).
    ModuleStream,
}

/// A length and then `body` that many times.
pub(crate) const fn counted(body: Program) -> Step {
    Step::Counted { head: &[], body }
}
