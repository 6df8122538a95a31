//! Dropping and cancelling at any moment: nothing leaks, nothing hangs. One
//! test, alone in its process, so that threads and descriptors can be counted.

mod common;

use common::{block_on, engine_with, process, Numbers};
use inlay::{CancelMode, Engine, EngineOptions, Request, Session, Stream};
use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;
use std::time::{Duration, Instant};

const CASES: usize = 10_000;
const READERS: u64 = 4;

/// Counts what is alive of what hooks own.
struct Alive(Arc<AtomicUsize>);

impl Alive {
    fn new(count: &Arc<AtomicUsize>) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Alive(count.clone())
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

fn request(numbers: &mut Numbers, alive: &Arc<AtomicUsize>, s: &Session) -> Request {
    let mut request = Request::text(format!("Item {}:", numbers.below(50)))
        .max_tokens(1 + numbers.below(60) as i32)
        .ignore_end()
        .seed(numbers.next());
    match numbers.below(12) {
        0 => request = request.choices(3).temperature(1.0),
        1 => request = request.deadline(Duration::from_micros(numbers.below(3000))),
        2 => request = request.logprobs().top_logprobs(3).prompt_logprobs(),
        3 => request = request.session(s),
        4 | 5 => {
            let (owned, end) = (Alive::new(alive), numbers.below(20) as usize);
            request = request.logits_hook(move |row, _| {
                let _ = &owned;
                match row.generated.len() == end {
                    true => ControlFlow::Break(3),
                    false => ControlFlow::Continue(()),
                }
            });
        }
        _ => {}
    }
    request
}

/// Does something to a stream and drops it, sooner or later.
fn play(stream: &mut Stream, numbers: &mut Numbers) -> bool {
    match numbers.below(10) {
        0 => return true,
        1 => drop(stream.by_ref().take(1 + numbers.below(30) as usize).count()),
        2 => {
            stream.cancel();
            assert!(stream.by_ref().last().is_some() || numbers.below(1) == 0);
            return true;
        }
        3 => {
            let _ = stream.id().cancel(CancelMode::Drop);
            return true;
        }
        4 => drop(stream.by_ref().count()),
        5 => drop(block_on(stream.next_event())),
        6 => {
            // A future that is dropped before it is ready.
            let waker = Arc::new(Silent).into();
            let mut cx = std::task::Context::from_waker(&waker);
            let _ = stream.poll_next(&mut cx);
        }
        7 => drop(stream.try_next()),
        _ => {}
    }
    numbers.below(3) == 0
}

struct Silent;

impl std::task::Wake for Silent {
    fn wake(self: Arc<Self>) {}
}

fn reader(engine: Engine, seed: u64, alive: Arc<AtomicUsize>) {
    let mut numbers = Numbers(seed);
    let mut session = engine.session().unwrap();
    let mut open: VecDeque<Stream> = VecDeque::new();
    for case in 0..CASES as u64 / READERS {
        if case % 32 == 0 {
            session = match numbers.below(2) {
                0 => engine.session().unwrap(),
                _ => session.fork().unwrap(),
            };
            let _ = session.truncate(0);
        }
        if let Ok(stream) = engine.submit(&request(&mut numbers, &alive, &session)) {
            open.push_back(stream);
        }
        while open.len() > 6 {
            open.pop_front();
        }
        let at = numbers.below(open.len().max(1) as u64) as usize;
        if let Some(stream) = open.get_mut(at) {
            if play(stream, &mut numbers) {
                open.remove(at);
            }
        }
    }
}

/// Waits for what ends on its own; panics if it does not.
fn until(what: &str, mut reached: impl FnMut() -> bool) {
    let start = Instant::now();
    while !reached() {
        assert!(start.elapsed() < Duration::from_secs(20), "{what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn streams_end_whenever_they_are_dropped() {
    // The first use of anything may keep something for good.
    drop(engine_with(EngineOptions::new()));
    let before = process();
    let engine = engine_with(EngineOptions::new());
    let alive = Arc::new(AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for seed in 0..READERS {
            let (engine, alive) = (engine.clone(), alive.clone());
            scope.spawn(move || reader(engine, seed, alive));
        }
    });
    until("requests end", || {
        let stats = engine.stats().unwrap();
        (stats.running, stats.queued, stats.events_pending) == (0, 0, 0)
    });
    until("hooks are dropped", || alive.load(Ordering::Relaxed) == 0);
    until("sessions end", || engine.stats().unwrap().sessions == 0);
    let stats = engine.stats().unwrap();
    assert_eq!(stats.submitted, stats.finished + stats.failed + stats.cancelled);
    assert_eq!(stats.pages_used, 0);
    println!("{stats:?} {:?}", engine.traffic());
    // An engine that is dropped with streams alive, on all sorts of threads.
    let streams: Vec<Stream> = (0..8)
        .map(|i| engine.submit(&Request::text(format!("{i}")).max_tokens(0)).unwrap())
        .collect();
    drop(engine);
    for stream in streams {
        std::thread::spawn(move || drop(stream)).join().unwrap();
    }
    let end = engine_with(EngineOptions::new());
    let last = end.submit(&Request::text("x").ignore_end()).unwrap();
    drop(end);
    // The last owner, dropped by a waker on the engine's own driver.
    let owner = Arc::new(std::sync::Mutex::new(None));
    struct Owner(Arc<std::sync::Mutex<Option<Stream>>>);
    impl std::task::Wake for Owner {
        fn wake(self: Arc<Self>) {
            let stream = self.0.lock().unwrap_or_else(|e| e.into_inner()).take();
            drop(stream);
        }
    }
    let waker = Arc::new(Owner(owner.clone())).into();
    let mut cx = std::task::Context::from_waker(&waker);
    {
        let mut place = owner.lock().unwrap();
        let stream = place.insert(last);
        while stream.poll_next(&mut cx).is_ready() {}
    }
    until("the driver ends", || owner.lock().unwrap().is_none());
    until("threads and descriptors are given back", || process() == before);
}
