//! Engines and requests.

mod common;

use common::{block_on, engine, engine_with};
use inlay::{Close, Engine, EngineOptions, EngineState, Event, FinishReason, Request};
use inlay::{Part, Status};
use std::ops::ControlFlow;
use std::time::Duration;

fn item(i: u64) -> Request {
    Request::text(format!("Item {i}:")).max_tokens(24).ignore_end().seed(i)
}

#[test]
fn all_ways_of_reading_agree() {
    let engine = engine();
    let request = item(1).temperature(0.8).logprobs().top_logprobs(2);
    let whole = engine.generate(&request).unwrap();
    assert_eq!(whole.answers[0].tokens.len(), 24);
    assert_eq!(whole.answers[0].logprobs.len(), 24);
    assert!(whole.answers[0].top.iter().all(|top| top.len() == 2));
    assert_eq!(whole.reason, FinishReason::Length);
    let waited = engine.submit(&request).unwrap().wait().unwrap();
    let awaited = block_on(engine.submit(&request).unwrap().finish()).unwrap();
    for other in [waited, awaited] {
        assert_eq!(other.answers[0].tokens, whole.answers[0].tokens);
        assert_eq!(other.answers[0].text, whole.answers[0].text);
        assert_eq!(other.answers[0].logprobs, whole.answers[0].logprobs);
        assert_eq!(other.answers[0].top, whole.answers[0].top);
        assert_eq!(other.usage.generated_tokens, 24);
    }
    let texts = engine.submit(&request).unwrap().texts();
    let text: String = texts.map(Result::unwrap).collect();
    assert_eq!(text, whole.text());
    let mut stream = engine.submit(&request).unwrap();
    let mut tokens = Vec::new();
    block_on(async {
        while let Some(event) = stream.next_event().await {
            if let Event::Delta(delta) = event.unwrap() {
                tokens.extend(delta.tokens);
            }
        }
    });
    assert_eq!(tokens, whole.answers[0].tokens);
    assert!(stream.next().is_none() && stream.try_next().is_none());
    let parts = vec![Part::Tokens(engine.model().tokenize("Item 1:").unwrap())];
    let same = Request::parts(parts).max_tokens(24).ignore_end().seed(1).temperature(0.8);
    let same = engine.generate(&same.no_special()).unwrap();
    assert_eq!(same.answers[0].tokens, whole.answers[0].tokens);
}

#[test]
fn several_answers_come_apart() {
    let engine = engine();
    let request = item(2).temperature(1.0).choices(3).prompt_logprobs();
    let whole = engine.generate(&request).unwrap();
    let streamed = engine.submit(&request).unwrap().wait().unwrap();
    assert_eq!(whole.answers.len(), 3);
    for (a, b) in whole.answers.iter().zip(&streamed.answers) {
        assert_eq!((&a.tokens, &a.text, a.reason), (&b.tokens, &b.text, b.reason));
        assert_eq!(a.score, b.score);
    }
    assert_ne!(whole.answers[0].tokens, whole.answers[1].tokens);
    let prompt = whole.prompt.unwrap();
    assert_eq!(prompt.tokens.len(), prompt.logprobs.len());
    assert_eq!(Some(prompt), streamed.prompt);
    let beams = engine.generate(&item(2).beam_width(3).choices(2)).unwrap();
    assert!(beams.answers[0].score >= beams.answers[1].score);
}

#[test]
fn requests_are_cancelled_and_limited() {
    let engine = engine();
    // A step takes long enough to be cancelled in.
    let slow = item(3).max_tokens(200).logits_hook(|_, _| {
        std::thread::sleep(Duration::from_millis(2));
        ControlFlow::Continue(())
    });
    let mut stream = engine.submit(&slow).unwrap();
    let id = stream.id();
    assert_eq!(stream.next(), Some(Ok(Event::Started)));
    stream.cancel();
    let last = stream.by_ref().last().unwrap().unwrap();
    assert!(matches!(last, Event::Finished(f) if f.reason == FinishReason::Cancelled));
    let late = id.cancel(inlay::CancelMode::Drop).err().unwrap();
    assert_eq!(late.status(), Status::NotFound);
    let late = item(4).max_tokens(200).deadline(Duration::from_nanos(1));
    let late = engine.generate(&late).unwrap();
    assert_eq!(late.reason, FinishReason::Deadline);
    let stop = engine.generate(&item(5)).unwrap();
    let token = stop.answers[0].tokens[3];
    let stopped = engine.generate(&item(5).stop_token(token)).unwrap();
    assert_eq!(stopped.reason, FinishReason::Stop);
    let banned = engine.generate(&item(5).bias(token, f32::NEG_INFINITY)).unwrap();
    assert!(!banned.answers[0].tokens.contains(&token));
    let full = engine.generate(&item(6).max_tokens(0)).unwrap();
    assert_eq!(full.reason, FinishReason::ContextFull);
}

#[test]
fn bad_requests_fail_alone() {
    let engine = engine();
    let error = engine.submit(&item(1).temperature(f32::NAN)).err().unwrap();
    assert_eq!(error.status(), Status::InvalidArgument, "{error}");
    let error = engine.submit(&Request::tokens(vec![-1])).err().unwrap();
    assert_eq!(error.status(), Status::OutOfRange);
    let error = engine.generate(&Request::tokens(vec![1; 300])).err().unwrap();
    assert_eq!(error.status(), Status::OutOfRange);
    assert!(engine.submit(&item(1).tenant("x".repeat(300))).is_err());
    assert!(engine.submit(&item(1)).unwrap().wait().is_ok());
    let mut options = inlay::Options::new().unwrap();
    options.set("max_queue", "1").unwrap();
    let tight = EngineOptions::new().options(&options).host_driven(true);
    let tight = engine_with(tight);
    let _first = tight.submit(&item(1)).unwrap();
    let error = tight.submit(&item(2)).err().unwrap();
    assert_eq!(error.status(), Status::ResourceExhausted);
    assert!(error.retry_after().is_some());
}

#[test]
fn hooks_change_logits_and_their_panics_stay_inside() {
    let engine = engine();
    let force = |tokens: Vec<i32>| {
        move |row: &inlay::LogitsRow<'_>, logits: &mut [f32]| {
            let token = match tokens.get(row.generated.len()) {
                Some(token) => *token as usize,
                None => return ControlFlow::Break(7),
            };
            logits.fill(f32::NEG_INFINITY);
            logits[token] = 0.0;
            ControlFlow::Continue(())
        }
    };
    let forced = item(1).max_tokens(3).logits_hook(force(vec![70, 71, 72]));
    let forced_answer = engine.generate(&forced).unwrap();
    assert_eq!(forced_answer.answers[0].tokens, [70, 71, 72]);
    let error = engine.generate(&forced.max_tokens(5)).err().unwrap();
    assert!(error.to_string().contains("returned 7"), "{error}");
    let inside = engine.clone();
    let refused = item(1).max_tokens(2).logits_hook(move |_, _| {
        assert_eq!(inside.stats().err().unwrap().status(), Status::WouldDeadlock);
        ControlFlow::Continue(())
    });
    engine.generate(&refused).unwrap();
    let panics = item(1).logits_hook(|_, _| panic!("in the hook"));
    let error = engine.submit(&panics).unwrap().wait().err().unwrap();
    assert!(error.to_string().contains("panicked: in the hook"), "{error}");
    assert!(error.usage().is_some());
    let error = engine.generate(&panics).err().unwrap();
    assert!(error.to_string().contains("panicked: in the hook"), "{error}");
    assert!(engine.generate(&item(1)).is_ok());
}

#[test]
fn engines_report_and_close() {
    let engine = engine();
    engine.set_tenant("t", 2.0).unwrap();
    engine.start_trace(100).unwrap();
    let answers: Vec<_> =
        (0..8).map(|i| engine.submit(&item(i).tenant("t")).unwrap()).collect();
    for answer in answers {
        answer.wait().unwrap();
    }
    let mut trace = Vec::new();
    engine.stop_trace(&mut trace).unwrap();
    assert!(String::from_utf8(trace).unwrap().contains("compute"));
    let stats = engine.stats().unwrap();
    assert_eq!((stats.submitted, stats.finished, stats.running), (8, 8, 0));
    assert!(engine.metrics().unwrap().contains("# TYPE"));
    assert_eq!(engine.config().unwrap().context_length, 256);
    let tokens = engine.model().tokenize("one two").unwrap();
    let logits = engine.score(&tokens).unwrap();
    let size = engine.model().info().unwrap().vocabulary_size as usize;
    assert_eq!(logits.len(), tokens.len() * size);
    let open = engine.submit(&item(9).max_tokens(100)).unwrap();
    assert_eq!(engine.state(), Ok(EngineState::Running));
    engine.close(Close::Drain).unwrap();
    assert_eq!(open.wait().unwrap().reason, FinishReason::Length);
    assert_eq!(engine.state(), Ok(EngineState::Closed));
    let error = engine.submit(&item(1)).err().unwrap();
    assert_eq!(error.status(), Status::FailedPrecondition);
}

#[test]
fn host_driven_engines_need_no_thread() {
    let engine = engine_with(EngineOptions::new().host_driven(true));
    let with = engine_of_reference();
    let mut stream = engine.submit(&item(1)).unwrap();
    assert!(stream.try_next().is_none());
    while engine.step().unwrap() {}
    let mut tokens = Vec::new();
    while let Some(event) = stream.try_next() {
        if let Event::Delta(delta) = event.unwrap() {
            tokens.extend(delta.tokens);
        }
    }
    assert_eq!(tokens, with);
    let iterated = engine.submit(&item(1)).unwrap().wait().unwrap();
    assert_eq!(iterated.answers[0].tokens, with);
    assert_eq!(engine.generate(&item(1)).unwrap().answers[0].tokens, with);
    let left = engine.submit(&item(2)).unwrap();
    engine.close(Close::Cancel).unwrap();
    assert_eq!(left.wait().unwrap().reason, FinishReason::Cancelled);
}

fn engine_of_reference() -> Vec<i32> {
    engine().generate(&item(1)).unwrap().answers[0].tokens.clone()
}

#[test]
fn a_thousand_requests_need_no_thousand_threads() {
    let engine = engine();
    let mut open: Vec<_> = (0..1000)
        .map(|i| engine.submit(&item(i % 10).max_tokens(4)).unwrap().finish())
        .collect();
    assert!(common::process().0 < 100);
    let (mut tokens, mut done) = (0, 0);
    // One task that reads them all, woken when any of them has something.
    block_on(common::PollFn(|cx: &mut std::task::Context<'_>| {
        open.retain_mut(|whole| {
            match std::future::Future::poll(std::pin::Pin::new(whole), cx) {
                std::task::Poll::Pending => true,
                std::task::Poll::Ready(whole) => {
                    tokens += whole.unwrap().answers[0].tokens.len();
                    done += 1;
                    false
                }
            }
        });
        match open.is_empty() {
            true => std::task::Poll::Ready(()),
            false => std::task::Poll::Pending,
        }
    }));
    assert_eq!((done, tokens), (1000, 4000));
}

fn is_send<T: Send>() {}
fn is_sync<T: Sync>() {}

#[test]
fn types_cross_threads_where_it_is_true() {
    is_send::<inlay::Options>();
    is_send::<inlay::Stream>();
    is_send::<inlay::Load>();
    is_sync::<Request>();
    is_sync::<Engine>();
    is_sync::<inlay::Session>();
    is_sync::<inlay::Model>();
    is_sync::<inlay::Context>();
    is_sync::<inlay::Error>();
}
