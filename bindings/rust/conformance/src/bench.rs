//! Tokens per second of many streams beside each other.

use inlay::{ContextOptions, EngineOptions, Event, Request, Result, Stream};
use std::time::Instant;

pub fn run(model: &str, streams: u64, tokens: i32) -> Result<String> {
    let context = inlay::Context::with(ContextOptions::new().threads(1))?;
    let model = context.open(model)?;
    let options = EngineOptions::new().max_concurrency(streams as i32);
    let engine = model.engine_with(options.context_length(512))?;
    let start = Instant::now();
    let submit = |i| {
        let request = Request::text(format!("Item {i}:")).max_tokens(tokens);
        engine.submit(&request.ignore_end())
    };
    let streams = (0..streams).map(submit).collect::<Result<Vec<Stream>>>()?;
    let (mut count, mut bytes) = (0, 0);
    for stream in streams {
        for event in stream {
            if let Event::Delta(delta) = event? {
                count += delta.tokens.len();
                bytes += delta.text.len();
            }
        }
    }
    let ns = start.elapsed().as_nanos();
    assert!(bytes > 0);
    let polls = engine.traffic().polls;
    Ok(format!("{{\"tokens\":{count},\"polls\":{polls},\"ns\":{ns}}}"))
}
