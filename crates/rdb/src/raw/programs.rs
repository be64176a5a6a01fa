//! What each type of value is made of (`rdbLoadObject`).

use super::step::Step::{Bytes, Container, Counted, Flagged, Length, ModuleStream, String, Tagged, TextDouble};
use super::step::{Program, Step, counted};

/// One string: plain strings and everything packed into one.
pub(crate) const STRING: Program = &[String];
/// Lists, sets, and lists of ziplists.
pub(crate) const STRINGS: Program = &[counted(&[String])];
/// Hashes.
pub(crate) const PAIRS: Program = &[counted(&[String, String])];
/// Sorted sets with text scores.
pub(crate) const ZSET: Program = &[counted(&[String, TextDouble])];
/// Sorted sets with binary scores.
pub(crate) const ZSET_2: Program = &[counted(&[String, Bytes(8)])];
/// Lists of nodes, each packed or a single element.
pub(crate) const QUICKLIST_2: Program = &[counted(&[Container, String])];
/// Expiry, field, value.
pub(crate) const HASH_METADATA_PRE_GA: Program = &[counted(&[Length, String, String])];
/// The earliest expiry, then expiry, field, value.
pub(crate) const HASH_METADATA: Program = &[Bytes(8), counted(&[Length, String, String])];
/// The earliest expiry, then a listpack.
pub(crate) const HASH_LISTPACK_EX: Program = &[Bytes(8), String];
/// Field, value, expiry: Valkey's.
pub(crate) const HASH_FIELD_EXPIRY: Program = &[counted(&[String, String, Bytes(8)])];
/// A module's name and version, and what it wrote.
pub(crate) const MODULE_2: Program = &[Length, ModuleStream];
/// Count, optional insert index, elements of index and tagged value (Redis 8.8).
pub(crate) const ARRAY: Program = &[Counted { head: &[Flagged(&[Length])], body: &[Length, Tagged] }];

/// Nodes (master ID, listpack); entries and last ID; groups.
pub(crate) const STREAM: Program = &[NODES, Length, ID, GROUPS];
/// Also first ID, highest deleted ID, and entries ever added, before the groups.
pub(crate) const STREAM_2: Program = &[NODES, Length, ID, ID, ID, Length, GROUPS_2];
/// The same, with other groups.
pub(crate) const STREAM_3: Program = &[NODES, Length, ID, ID, ID, Length, GROUPS_3];
/// Also idempotent producers (duration, highest number, producers, two counters), behind the groups (Redis 8.6).
pub(crate) const STREAM_4: Program =
    &[NODES, Length, ID, ID, ID, Length, GROUPS_3, Length, Length, PRODUCERS, Length, Length];
/// The same, with refused entries in the groups (Redis 8.8).
pub(crate) const STREAM_5: Program =
    &[NODES, Length, ID, ID, ID, Length, GROUPS_5, Length, Length, PRODUCERS, Length, Length];

/// Master ID and listpack of each node of a stream.
const NODES: Step = counted(&[String, String]);
/// An entry's ID as two lengths: milliseconds and sequence.
const ID: Step = Step::Group(&[Length, Length]);
/// Groups: name, last ID, pending entries, consumers.
const GROUPS: Step = counted(&[String, ID, PENDING, CONSUMERS]);
/// Groups that also count the entries they read.
const GROUPS_2: Step = counted(&[String, ID, Length, PENDING, CONSUMERS]);
/// Groups whose consumers have an active time.
const GROUPS_3: Step = counted(&[String, ID, Length, PENDING, CONSUMERS_3]);
/// Groups with refused entries behind their consumers.
const GROUPS_5: Step = counted(&[String, ID, Length, PENDING, CONSUMERS_3, RAW_IDS]);
/// A group's pending entries: ID, delivery time, delivery count.
const PENDING: Step = counted(&[Bytes(16), Bytes(8), Length]);
/// Consumers: name, when last seen, the IDs they own.
const CONSUMERS: Step = counted(&[String, Bytes(8), RAW_IDS]);
/// Consumers: name, when last seen and last active, the IDs they own.
const CONSUMERS_3: Step = counted(&[String, Bytes(8), Bytes(8), RAW_IDS]);
/// A list of IDs of 16 bytes.
const RAW_IDS: Step = counted(&[Bytes(16)]);
/// Idempotent producers: name, and for each message its identifier and entry ID.
const PRODUCERS: Step = counted(&[String, counted(&[String, ID])]);

/// Two lengths: `RESIZEDB`.
pub(crate) const TWO_LENGTHS: Program = &[Length, Length];
/// Three lengths: `SLOT_INFO`.
pub(crate) const THREE_LENGTHS: Program = &[Length, Length, Length];
/// One length: `SELECTDB`, `IDLE`.
pub(crate) const LENGTH: Program = &[Length];
/// Two strings: `AUX`.
pub(crate) const TWO_STRINGS: Program = &[String, String];
/// A byte: `FREQ`.
pub(crate) const BYTE: Program = &[Bytes(1)];
/// Seconds: `EXPIRETIME`.
pub(crate) const FOUR_BYTES: Program = &[Bytes(4)];
/// Milliseconds: `EXPIRETIME_MS`.
pub(crate) const EIGHT_BYTES: Program = &[Bytes(8)];
/// Name, engine, optional description, code: functions of the Redis 7.0 release candidates.
pub(crate) const FUNCTION_PRE_GA: Program = &[String, String, Flagged(&[String]), String];
/// Module, when it was written (a tagged integer), and what the module wrote (`rdbSaveSingleModuleAux`).
pub(crate) const MODULE_AUX: Program = &[Length, Step::Exactly(2), Length, ModuleStream];
/// Classes of metadata: their specification and what their module wrote (Redis 8.6).
pub(crate) const KEY_META: Program = &[counted(&[Bytes(4), ModuleStream])];
/// The job's name and the ranges of slots it imports (`clusterRDBSaveSlotImports`).
pub(crate) const SLOT_IMPORT: Program = &[String, counted(TWO_LENGTHS)];
