//! Runs the conformance scenario through the Rust binding; see
//! tests/conformance/README.md of the repository.

mod bench;
mod engines;
mod json;
mod models;
mod outcome;
mod push;
mod request;
mod trace;
mod world;

use json::Json;
use std::io::Write;
use std::process::ExitCode;
use world::World;

fn scenario(path: &str) -> Result<(), String> {
    let text = std::fs::read_to_string(path).map_err(|e| format!("{path}: {e}"))?;
    let scenario = json::parse(&text).map_err(|e| format!("{path}: {e}"))?;
    let mut world = World::default();
    let mut out = std::io::stdout().lock();
    for step in scenario.get("steps").list() {
        let name = step.get("step").text();
        let result = one(&mut world, step).map_err(|e| format!("step {name}: {e}"))?;
        let line =
            format!("{{\"step\":{},\"result\":{}}}\n", json::quote(name), result.close());
        out.write_all(line.as_bytes()).map_err(|e| e.to_string())?;
    }
    Ok(())
}

fn one(world: &mut World, step: &Json) -> Result<trace::Record, String> {
    let result = match models::step(world, step) {
        Err(world::Stop::Unknown) => engines::step(world, step),
        other => other,
    };
    match result {
        Ok(record) => Ok(record),
        Err(world::Stop::Failed(error)) => Ok(trace::Record::failed(&error)),
        Err(world::Stop::Bad(why)) => Err(why),
        Err(world::Stop::Unknown) => Err("unknown op".into()),
    }
}

fn run(arguments: &[String]) -> Result<(), String> {
    match arguments {
        [path] => scenario(path),
        [bench, model, streams, tokens] if bench == "--bench" => {
            let streams = streams.parse().map_err(|_| "STREAMS is a number")?;
            let tokens = tokens.parse().map_err(|_| "TOKENS is a number")?;
            let line = bench::run(model, streams, tokens).map_err(|e| e.to_string())?;
            println!("{line}");
            Ok(())
        }
        _ => Err("usage: SCENARIO | --bench MODEL STREAMS TOKENS".into()),
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}
