use std::time::Duration;

use cluster_router::{BoxFuture, SlotSet};
use tokio::select;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;

use crate::pipeline::shard_slots::{ShardSlots, SlotsError};

/// The slots of a link's shard: asked of the source when they are wanted, and known from before when it is silent.
///
/// The source may be gone for good, or not let us in any more, when a flush comes to be applied that was received before.
/// What it owned a while ago is better then than a link that stands still for ever.
pub(super) struct Owned {
    source: ShardSlots,
    /// Fires when nothing more comes from the source.
    link_ended: CancellationToken,
    asking: BoxFuture<'static, Result<SlotSet, SlotsError>>,
    known: Option<Known>,
    /// Since when they are wanted.
    wanted: Option<Instant>,
}

/// What the source said when it was asked last.
struct Known {
    slots: SlotSet,
    at: Instant,
}

/// What comes of a wish for the slots.
#[derive(Debug)]
pub(in crate::pipeline::apply) enum Answer {
    /// The source says so now.
    Fresh(SlotSet),
    /// It did not answer, and said so that long ago.
    Old(SlotSet, Duration),
    /// It did not answer yet, and is asked again.
    Failed(SlotsError),
    /// It will not answer, and has never done so.
    Never,
}

impl Owned {
    pub(super) fn new(source: ShardSlots, link_ended: CancellationToken) -> Self {
        let asking = source.ask();
        Self { source, link_ended, asking, known: None, wanted: None }
    }

    /// From now on [`answer`](Self::answer) will be asked for.
    pub(super) fn want(&mut self) {
        self.wanted = Some(Instant::now());
        self.asking = self.source.ask();
    }

    /// Waits for what comes of the wish; while there is none, keeps what is known fresh, and does not end. Dropping the
    /// future loses nothing.
    pub(super) async fn answer(&mut self) -> Answer {
        loop {
            let Some(wanted) = self.wanted else {
                let asked = (&mut self.asking).await;
                // Whether it cannot be asked matters only when the answer does.
                let _ = self.take(asked, ASK_ANYWAY);
                continue;
            };
            let patience = if self.known.is_some() { PATIENCE } else { FOR_EVER };
            let given_up = async {
                self.link_ended.cancelled().await;
                // Who is only told to stop may well be answered.
                sleep_until(wanted + LAST_PATIENCE).await;
            };
            select! {
                biased;
                asked = &mut self.asking => match self.take(asked, ASK_AGAIN) {
                    Ok(slots) => {
                        self.rest();
                        return Answer::Fresh(slots);
                    }
                    Err(error) => return Answer::Failed(error),
                },
                () = given_up => return self.remembered(),
                () = sleep_until(wanted + patience) => return self.remembered(),
            }
        }
    }

    /// Notes what the source said, and asks again later.
    fn take(&mut self, asked: Result<SlotSet, SlotsError>, failed: Duration) -> Result<SlotSet, SlotsError> {
        self.ask_in(if asked.is_ok() { ASK_ANYWAY } else { failed });
        let slots = asked?;
        self.known = Some(Known { slots: slots.clone(), at: Instant::now() });
        Ok(slots)
    }

    fn ask_in(&mut self, pause: Duration) {
        let source = self.source.clone();
        self.asking = Box::pin(async move {
            sleep(pause).await;
            source.ask().await
        });
    }

    fn remembered(&mut self) -> Answer {
        self.rest();
        self.known.as_ref().map_or(Answer::Never, |known| Answer::Old(known.slots.clone(), known.at.elapsed()))
    }

    /// They are not wanted any more.
    fn rest(&mut self) {
        self.wanted = None;
        self.ask_in(ASK_ANYWAY);
    }
}

/// How long a source that has not answered is left alone.
const ASK_AGAIN: Duration = Duration::from_secs(1);
/// How often it is asked for the day when it will not answer.
const ASK_ANYWAY: Duration = Duration::from_secs(60);
/// How long its answer is waited for when an older one is known.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long when the link has ended.
const LAST_PATIENCE: Duration = Duration::from_secs(1);
const FOR_EVER: Duration = Duration::from_secs(86_400 * 365);

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::Arc;

    use cluster_router::{Connect, Discovery, Io, NodeAddr, TargetKind};

    use super::*;
    use crate::pipeline::source_shard::SourceShard;

    /// Nobody is there, or nobody answers.
    struct Nobody {
        refuses: bool,
    }

    impl Connect for Nobody {
        fn connect<'a>(&'a self, _: &'a NodeAddr) -> BoxFuture<'a, io::Result<Box<dyn Io>>> {
            let refuses = self.refuses;
            Box::pin(async move {
                if refuses { Err(io::ErrorKind::ConnectionRefused.into()) } else { std::future::pending().await }
            })
        }
    }

    /// What a shard owns whose node is like that; it may have said so before.
    fn owned(refuses: bool, before: Option<SlotSet>) -> (Owned, CancellationToken) {
        let node = NodeAddr::new("10.0.0.1", 6379);
        let asked =
            Arc::new(Discovery::new(Arc::new(Nobody { refuses }), TargetKind::Cluster, vec![node.clone()], None));
        let link_ended = CancellationToken::new();
        let mut owned =
            Owned::new(ShardSlots::new(asked.clone(), SourceShard::new(asked, node, false), true), link_ended.clone());
        owned.known = before.map(|slots| Known { slots, at: Instant::now() });
        owned.want();
        (owned, link_ended)
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_known_before_is_used_after_a_while() {
        for refuses in [false, true] {
            let (mut owned, _link) = owned(refuses, Some(SlotSet::all()));
            let (begun, mut failed) = (Instant::now(), 0);
            let age = loop {
                match owned.answer().await {
                    Answer::Failed(_) => failed += 1,
                    Answer::Old(slots, age) => {
                        assert!(slots == SlotSet::all());
                        break age;
                    }
                    other => panic!("{other:?}"),
                }
            };
            assert!(begun.elapsed() >= PATIENCE && begun.elapsed() < 2 * PATIENCE, "{:?}", begun.elapsed());
            assert!(age >= PATIENCE && (failed > 1) == refuses, "{age:?}, {failed}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_end_of_the_link_ends_the_wait() {
        for before in [None, Some(SlotSet::all())] {
            let (mut owned, link_ended) = owned(false, before.clone());
            let begun = Instant::now();
            link_ended.cancel();
            let answer = owned.answer().await;
            assert!(matches!(&answer, Answer::Old(..) if before.is_some()) || matches!(answer, Answer::Never));
            assert!(begun.elapsed() < PATIENCE, "{:?}", begun.elapsed());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_has_never_answered_is_waited_for() {
        let (mut owned, _link) = owned(false, None);
        assert!(tokio::time::timeout(60 * PATIENCE, owned.answer()).await.is_err());
    }
}
