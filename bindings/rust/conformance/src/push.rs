//! An engine with an event callback, through the raw layer: the safe one takes
//! events by polling.
#![deny(unsafe_op_in_unsafe_fn)]

use crate::outcome::Outcome;
use inlay::sys;
use inlay::{Delta, Event};
use std::os::raw::c_void;
use std::sync::mpsc::{channel, Sender};

/// What the callback copies of an event.
pub struct Copied {
    pub kind: i32,
    pub text: String,
    pub tokens: Vec<i32>,
    pub reason: i32,
    pub usage: [i32; 3],
}

unsafe extern "C" fn on_events(
    user_data: *mut c_void,
    events: *const sys::inlay_event,
    size: usize,
    count: usize,
) {
    for index in 0..count {
        // SAFETY: an array of count events, size bytes apart; user_data is the
        // sender below; what an event points to is valid during the call.
        unsafe {
            let event =
                &*events.cast::<u8>().add(index * size).cast::<sys::inlay_event>();
            let text = match event.text.is_null() {
                true => &[],
                false => std::slice::from_raw_parts(event.text.cast(), event.text_size),
            };
            let tokens = match event.tokens.is_null() {
                true => &[],
                false => std::slice::from_raw_parts(event.tokens, event.token_count),
            };
            let usage =
                [event.prompt_tokens, event.generated_tokens, event.cached_tokens];
            let _ = (*user_data.cast::<Sender<Copied>>()).send(Copied {
                kind: event.kind,
                text: String::from_utf8_lossy(text).into_owned(),
                tokens: tokens.to_vec(),
                reason: event.finish_reason,
                usage,
            });
        }
    }
}

/// Runs a plain request of one answer; its events, or the status.
pub fn run(
    model: &inlay::Model,
    mut options: sys::inlay_engine_options,
    prompt: &str,
    max_tokens: i32,
) -> Result<Vec<Copied>, i32> {
    let (sender, receiver) = channel::<Copied>();
    let sender = Box::new(sender);
    options.on_events = Some(on_events);
    options.event_user_data = (&*sender as *const Sender<Copied>) as *mut c_void;
    let request = sys::inlay_request {
        prompt: prompt.as_ptr().cast(),
        prompt_size: prompt.len(),
        max_tokens,
        ..Default::default()
    };
    let (mut engine, mut id) = (std::ptr::null_mut(), 0);
    let none = std::ptr::null_mut();
    let mut events = Vec::new();
    // SAFETY: the model lives, the structs live during their calls, the sender
    // until the engine is gone.
    unsafe {
        let status =
            sys::inlay_engine_create(model.as_ptr(), &options, &mut engine, none);
        if status != sys::INLAY_OK {
            return Err(status);
        }
        let status = sys::inlay_submit(engine, &request, &mut id, none);
        let mut ended = status != sys::INLAY_OK;
        while !ended {
            let event = receiver.recv().expect("the sender lives");
            ended = event.kind == sys::INLAY_EVENT_FINISHED
                || event.kind == sys::INLAY_EVENT_FAILED;
            events.push(event);
        }
        sys::inlay_engine_close(engine, sys::INLAY_CLOSE_DRAIN, -1, none);
        sys::inlay_engine_release(engine);
        if status != sys::INLAY_OK {
            return Err(status);
        }
    }
    Ok(events)
}

/// The same as events of the safe layer would give.
pub fn outcome(events: Vec<Copied>) -> Outcome {
    let mut outcome = Outcome::new(1);
    for event in events {
        match event.kind {
            sys::INLAY_EVENT_STARTED => outcome.add(Ok(Event::Started)),
            sys::INLAY_EVENT_DELTA => {
                let mut delta = Delta::default();
                delta.text = event.text;
                delta.tokens = event.tokens;
                outcome.add(Ok(Event::Delta(delta)));
            }
            sys::INLAY_EVENT_FINISHED => outcome.finished(event.reason, event.usage),
            _ => {}
        }
    }
    outcome
}
