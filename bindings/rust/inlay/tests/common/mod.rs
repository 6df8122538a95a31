//! What the tests share: the tiny models, a waker, counts of the process.
#![allow(dead_code)]

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, Wake};
use std::thread::Thread;

/// A model of the repository's tests.
pub fn model_path(name: &str) -> PathBuf {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    root.join("../../../tests/goldens/models").join(name)
}

pub fn model() -> inlay::Model {
    let options = inlay::ContextOptions::new().threads(1);
    let context = inlay::Context::with(options).expect("a context");
    context.open(model_path("tiny-llama.gguf")).expect("a model")
}

pub fn engine() -> inlay::Engine {
    engine_with(inlay::EngineOptions::new())
}

pub fn engine_with(options: inlay::EngineOptions<'_>) -> inlay::Engine {
    let options = options.context_length(256).max_concurrency(16).kv_cache_bytes(8 << 20);
    model().engine_with(options).expect("an engine")
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Runs a future on this thread.
pub fn block_on<F: Future>(future: F) -> F::Output {
    let mut future: Pin<Box<F>> = Box::pin(future);
    let waker = Arc::new(Unpark(std::thread::current())).into();
    let mut cx = TaskContext::from_waker(&waker);
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut cx) {
            return value;
        }
        std::thread::park();
    }
}

/// A future of a closure.
pub struct PollFn<F>(pub F);

impl<T, F: FnMut(&mut TaskContext<'_>) -> Poll<T> + Unpin> Future for PollFn<F> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<T> {
        (self.0)(cx)
    }
}

fn entries(path: &str) -> usize {
    std::fs::read_dir(path).map_or(0, |entries| entries.count())
}

/// Threads and open descriptors of this process.
pub fn process() -> (usize, usize) {
    (entries("/proc/self/task"), entries("/proc/self/fd"))
}

/// A small generator of numbers, the same everywhere (splitmix64).
pub struct Numbers(pub u64);

impl Numbers {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}
