//! Asks a model one question and streams its answer:
//!
//!     INLAY_DIR=/usr/local cargo run -- MODEL [PROMPT]

use std::io::Write;
use std::process::ExitCode;

fn hello(model: &str, prompt: &str) -> Result<(), Box<dyn std::error::Error>> {
    // A context holds what everything shares: threads, memory budget, log.
    let context = inlay::Context::new()?;
    let model = context.open(model)?;
    // An engine runs many requests at once; this program has one.
    let engine = model.engine()?;
    let request = inlay::Request::chat(prompt).max_tokens(200);
    // The loop waits for each piece. Leaving it early would cancel the request.
    for piece in engine.submit(&request)?.texts() {
        print!("{}", piece?);
        std::io::stdout().flush()?;
    }
    println!();
    Ok(())
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let model = match arguments.next() {
        Some(model) => model,
        None => {
            eprintln!("usage: hello-rust MODEL [PROMPT]");
            return ExitCode::from(2);
        }
    };
    let prompt = arguments.next();
    let prompt = prompt
        .as_deref()
        .unwrap_or("What is the capital of France?");
    match hello(&model, prompt) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
