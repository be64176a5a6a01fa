//! Hashes: `HSET`, and `HPEXPIREAT` for fields that expire.

use crate::scalar::{Digits, Scalar};
use crate::target::{Brand, Target};

use super::LossKind;
use super::batch::Batch;
use super::place::Place;
use crate::room::release;

/// Fields of a hash under way.
#[derive(Debug, Default)]
pub(super) struct HashWriter {
    pub(super) batch: Batch,
    /// Those fields of the commands since the last that said so, that expire, and when.
    expiring: Vec<(i64, Vec<u8>)>,
}

impl HashWriter {
    pub(super) fn begin(&mut self) {
        self.batch.clear();
        self.expiring.clear();
    }

    /// Takes a field; false if it has expired and is left out.
    pub(super) fn field(
        &mut self,
        name: Scalar<'_>,
        value: Scalar<'_>,
        expire_at_ms: Option<i64>,
        place: &mut Place<'_>,
    ) -> bool {
        if expire_at_ms.is_some_and(|at| place.options.now_ms.is_some_and(|now| at <= now)) {
            return false;
        }
        if self.batch.is_full_for(name.len() + value.len(), place) {
            self.flush(place);
        }
        let (mut digits, mut more_digits) = (Digits::default(), Digits::default());
        let name = name.as_bytes(&mut digits);
        self.batch.add(&[name, value.as_bytes(&mut more_digits)], command(place.target), place);
        match expire_at_ms {
            Some(at) if at <= latest_expiry(place.target) => self.expiring.push((at.max(0), name.to_vec())),
            Some(_) => place.lose(LossKind::FieldExpiry),
            None => {}
        }
        true
    }

    pub(super) fn end(&mut self, place: &mut Place<'_>) {
        self.flush(place);
    }

    /// Gives back what a giant took.
    pub(super) fn release(&mut self) {
        self.batch.release();
        release(&mut self.expiring);
    }

    fn flush(&mut self, place: &mut Place<'_>) {
        self.batch.flush(command(place.target), place);
        // Fields of one time go in one command.
        self.expiring.sort_by_key(|&(at, _)| at);
        for fields in self.expiring.chunk_by(|(one, _), (other, _)| one == other) {
            if place.is_over() {
                break;
            }
            expire(fields, place);
        }
        self.expiring.clear();
    }
}

const fn command(target: Target) -> &'static str {
    if target.has_unlink() { "HSET" } else { "HMSET" }
}

fn expire(fields: &[(i64, Vec<u8>)], place: &mut Place<'_>) {
    let Some((at, _)) = fields.first() else { return };
    place.head("HPEXPIREAT", 3 + fields.len());
    resp::put_integer_bulk(place.out, *at);
    resp::put_bulk(place.out, b"FIELDS");
    resp::put_integer_bulk(place.out, fields.len());
    for (_, name) in fields {
        resp::put_bulk(place.out, name);
    }
}

/// The latest time that `HPEXPIREAT` of the target takes.
const fn latest_expiry(target: Target) -> i64 {
    match target.brand() {
        _ if !target.has_field_expiry() => i64::MIN,
        // HFE_MAX_ABS_TIME_MSEC
        Brand::Redis => (1 << 46) - 1,
        Brand::Valkey => i64::MAX,
    }
}
