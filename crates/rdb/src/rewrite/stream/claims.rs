//! What is pending: `XCLAIM`.

use crate::elements::StreamId;
use crate::rewrite::number::id_text;
use crate::rewrite::place::Place;

/// A pending entry; ordered so that those that one command can claim stand together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Pending {
    pub(super) delivered_at_ms: i64,
    pub(super) deliveries: u64,
    pub(super) id: StreamId,
}

impl Pending {
    const fn handed_out(&self) -> (i64, u64) {
        (self.delivered_at_ms, self.deliveries)
    }
}

/// Claims all of these for a consumer, and puts them in order.
pub(super) fn claim_all(group: &[u8], consumer: &[u8], claims: &mut [Pending], place: &mut Place<'_>) {
    claims.sort_unstable();
    for claims in claims.chunk_by(|one, other| one.handed_out() == other.handed_out()) {
        for claims in claims.chunks(place.options.max_elements.max(1)) {
            if place.is_over() {
                return;
            }
            claim(group, consumer, claims, place);
        }
    }
}

/// One `XCLAIM`. It is not told the group's last ID, which is right already, and `JUSTID` leaves the counts alone.
fn claim(group: &[u8], consumer: &[u8], claims: &[Pending], place: &mut Place<'_>) {
    let Some(Pending { delivered_at_ms, deliveries, .. }) = claims.first() else { return };
    place.head("XCLAIM", claims.len() + 9);
    for word in [group, consumer, b"0"] {
        resp::put_bulk(place.out, word);
    }
    for claim in claims {
        resp::put_bulk(place.out, id_text(claim.id).as_bytes());
    }
    resp::put_bulk(place.out, b"TIME");
    resp::put_integer_bulk(place.out, *delivered_at_ms);
    resp::put_bulk(place.out, b"RETRYCOUNT");
    resp::put_integer_bulk(place.out, *deliveries);
    resp::put_bulk(place.out, b"FORCE");
    resp::put_bulk(place.out, b"JUSTID");
}
