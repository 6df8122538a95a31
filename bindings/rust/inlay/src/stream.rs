//! The events of one request, by iteration or by polling.

use crate::engine::Inner;
use crate::error::{call, Error, Result, Status};
use crate::event::Event;
use crate::generation::{Collector, Generation};
use crate::slot::Slot;
use inlay_sys as sys;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};

/// How to cancel a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CancelMode {
    /// End now; what was produced so far is still delivered.
    Stop,
    /// End now, and discard what was not delivered.
    Drop,
}

/// State of a live request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RequestState {
    /// Waits for a place.
    Queued,
    /// Takes part in steps.
    Running,
    /// Ended; its last event has not been taken yet.
    Finished,
    /// A number that this version does not know.
    Other(i32),
}

/// A request's number: unique in the process, never reused. Copy it to where
/// the request may have to be cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestId(pub u64);

impl RequestId {
    /// Cancels the request; its last event still comes. Any thread, at any
    /// time.
    ///
    /// # Errors
    ///
    /// `NotFound`, harmlessly, if it has ended or never was.
    pub fn cancel(self, mode: CancelMode) -> Result<()> {
        let mode = match mode {
            CancelMode::Stop => sys::INLAY_CANCEL_STOP,
            CancelMode::Drop => sys::INLAY_CANCEL_DROP,
        };
        // SAFETY: takes numbers.
        call(|error| unsafe { sys::inlay_cancel(self.0, mode, error) })
    }

    /// Its state. Any thread.
    ///
    /// # Errors
    ///
    /// `NotFound` if it has ended or never was.
    pub fn state(self) -> Result<RequestState> {
        let mut state = 0;
        // SAFETY: takes a number; state lives during the call.
        call(|error| unsafe { sys::inlay_request_status(self.0, &mut state, error) })?;
        Ok(match state {
            sys::INLAY_REQUEST_QUEUED => RequestState::Queued,
            sys::INLAY_REQUEST_RUNNING => RequestState::Running,
            sys::INLAY_REQUEST_FINISHED => RequestState::Finished,
            other => RequestState::Other(other),
        })
    }
}

/// The events of one request. Dropping it cancels the request.
///
/// Iteration waits for each event; [`poll_next`](Stream::poll_next) and
/// [`next_event`](Stream::next_event) do not block a thread and need no
/// runtime. Events that are not read yet wait in memory: at most an answer's
/// worth, since the request ends when the engine's context is full.
///
/// `Send`; to read from several threads, put a lock around it.
pub struct Stream {
    engine: Arc<Inner>,
    slot: Arc<Slot>,
    id: RequestId,
    answers: usize,
}

impl Stream {
    pub(crate) fn new(
        engine: Arc<Inner>,
        slot: Arc<Slot>,
        id: RequestId,
        answers: usize,
    ) -> Self {
        Stream { engine, slot, id, answers }
    }

    /// The request's number.
    pub fn id(&self) -> RequestId {
        self.id
    }

    /// Cancels the request; what was produced so far, and its last event, still
    /// come. Harmless if it has ended.
    pub fn cancel(&self) {
        let _ = self.id.cancel(CancelMode::Stop);
    }

    /// The next event if it has come, without waiting. `Ready(None)` after the
    /// last one. If `Pending`, the task is woken when there is more. A host-
    /// driven engine makes progress only when somebody steps it.
    pub fn poll_next(&mut self, cx: &mut TaskContext<'_>) -> Poll<Option<Result<Event>>> {
        self.slot.take(Some(cx.waker()))
    }

    /// The next event if it has come; `None` also if it has not.
    pub fn try_next(&mut self) -> Option<Result<Event>> {
        match self.slot.take(None) {
            Poll::Ready(event) => event,
            Poll::Pending => None,
        }
    }

    /// A future of the next event; `None` after the last. It may be dropped
    /// before it is ready; no event is lost.
    pub fn next_event(&mut self) -> NextEvent<'_> {
        NextEvent { stream: self }
    }

    /// Waits for the whole answer.
    ///
    /// # Errors
    ///
    /// What the request failed with.
    pub fn wait(mut self) -> Result<Generation> {
        let mut collector = Collector::new(self.answers);
        for event in self.by_ref() {
            if let Some(generation) = collector.add(event?) {
                return Ok(generation);
            }
        }
        Err(read_before())
    }

    /// A future of the whole answer. Dropping it cancels the request.
    pub fn finish(self) -> Whole {
        let collector = Collector::new(self.answers);
        Whole { stream: self, collector }
    }

    /// Only the text of the (first) answer, piece by piece; whole code points.
    /// Dropping it cancels the request.
    pub fn texts(self) -> Texts {
        Texts { stream: self }
    }
}

fn read_before() -> Error {
    Error::new(Status::FailedPrecondition, "the last event was taken before")
}

impl Iterator for Stream {
    type Item = Result<Event>;

    /// Waits for the next event. Of a host-driven engine it runs steps.
    fn next(&mut self) -> Option<Self::Item> {
        let shared = &self.engine.shared;
        if !shared.host_driven {
            return self.slot.wait();
        }
        loop {
            if let Poll::Ready(event) = self.slot.take(None) {
                return event;
            }
            if let Err(error) = shared.step() {
                // Closed: what is left was delivered.
                return match self.slot.take(None) {
                    Poll::Ready(event) => event,
                    Poll::Pending => Some(Err(error)),
                };
            }
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        if !self.slot.ended() {
            let _ = self.id.cancel(CancelMode::Drop);
        }
        self.slot.abandon();
    }
}

/// See [`Stream::next_event`].
pub struct NextEvent<'a> {
    stream: &'a mut Stream,
}

impl Future for NextEvent<'_> {
    type Output = Option<Result<Event>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        self.stream.poll_next(cx)
    }
}

/// See [`Stream::finish`].
pub struct Whole {
    stream: Stream,
    collector: Collector,
}

impl Future for Whole {
    type Output = Result<Generation>;

    fn poll(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        loop {
            match this.stream.poll_next(cx) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(None) => return Poll::Ready(Err(read_before())),
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Err(error)),
                Poll::Ready(Some(Ok(event))) => {
                    if let Some(generation) = this.collector.add(event) {
                        return Poll::Ready(Ok(generation));
                    }
                }
            }
        }
    }
}

/// See [`Stream::texts`].
pub struct Texts {
    stream: Stream,
}

impl Iterator for Texts {
    type Item = Result<String>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.stream.next()? {
                Ok(Event::Delta(delta)) if delta.choice == 0 => {
                    if !delta.text.is_empty() {
                        return Some(Ok(delta.text));
                    }
                }
                Ok(_) => {}
                Err(error) => return Some(Err(error)),
            }
        }
    }
}
