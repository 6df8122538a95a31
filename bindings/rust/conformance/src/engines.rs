//! Steps about engines, requests and sessions.

use crate::json::Json;
use crate::outcome::Outcome;
use crate::trace::{list, Record};
use crate::world::{named, Stop, World};
use inlay::{CancelMode, Close, EmbedOptions, Engine, EngineOptions, EngineState};
use inlay::{Pooling, Request, RequestId, TokenPair};
use std::fs::File;

fn engine_options<'a>(world: &'a World, step: &Json) -> Result<EngineOptions<'a>, Stop> {
    let mut options = EngineOptions::new()
        .context_length(step.get("context_length").small())
        .max_concurrency(step.get("max_concurrency").small())
        .kv_cache_bytes(step.get("kv_cache_bytes").number() as u64)
        .host_driven(step.get("host_driven").is_true());
    if step.has("options") {
        options = options.options(named(&world.options, step, "options")?);
    }
    Ok(options)
}

fn engine(world: &mut World, step: &Json) -> Result<Record, Stop> {
    let model = named(&world.models, step, "model")?;
    let engine = model.engine_with(engine_options(world, step)?)?;
    let config = engine.config()?;
    world.engines.insert(step.get("id").text().into(), engine);
    Ok(Record::ok()
        .raw("context_length", config.context_length)
        .raw("max_concurrency", config.max_concurrency)
        .raw("max_queue", config.max_queue)
        .raw("page_tokens", config.page_tokens)
        .raw("page_count", config.page_count))
}

fn request(world: &World, json: &Json) -> Result<(Request, usize), Stop> {
    let session = match json.has("session") {
        true => Some(named(&world.sessions, json, "session")?),
        false => None,
    };
    Ok(crate::request::build(json, session)?)
}

fn stream(world: &World, engine: &Engine, json: &Json) -> Result<Record, Stop> {
    let (request, answers) = request(world, json)?;
    let mut outcome = Outcome::new(answers);
    engine.submit(&request)?.for_each(|event| outcome.add(event));
    Ok(outcome.record(false, true))
}

fn generate(world: &World, engine: &Engine, json: &Json) -> Result<Record, Stop> {
    let (request, _) = request(world, json)?;
    Ok(Outcome::of(engine.generate(&request)?).record(true, true))
}

fn concurrent(world: &World, engine: &Engine, step: &Json) -> Result<Record, Stop> {
    let mut open = Vec::new();
    for json in step.get("requests").list() {
        let (request, answers) = request(world, json)?;
        open.push((engine.submit(&request), Outcome::new(answers)));
    }
    let mut records = Vec::new();
    for (stream, mut outcome) in open {
        records.push(match stream {
            Ok(stream) => {
                stream.for_each(|event| outcome.add(event));
                outcome.record(false, false).close()
            }
            Err(error) => Record::failed(&error).close(),
        });
    }
    Ok(Record::ok().raw("requests", list(records.into_iter())))
}

fn submit(world: &mut World, engine: &Engine, step: &Json) -> Result<Record, Stop> {
    let (request, answers) = request(world, step.get("request"))?;
    match engine.submit(&request) {
        Ok(stream) => {
            let left = world.left.entry(step.get("engine").text().into()).or_default();
            left.push((stream, Outcome::new(answers)));
            Ok(Record::ok())
        }
        Err(error) => {
            Ok(Record::failed(&error).flag("retry", error.retry_after().is_some()))
        }
    }
}

fn drain(world: &mut World, step: &Json) -> Record {
    let left = world.left.remove(step.get("engine").text()).unwrap_or_default();
    let records = left.into_iter().map(|(stream, mut outcome)| {
        stream.for_each(|event| outcome.add(event));
        outcome.record(false, false).close()
    });
    Record::ok().raw("requests", list(records))
}

fn cancel(world: &World, engine: &Engine, step: &Json) -> Result<Record, Stop> {
    let (request, answers) = request(world, step.get("request"))?;
    let mode = match step.get("mode").text() {
        "stop" => CancelMode::Stop,
        "drop" => CancelMode::Drop,
        other => return Err(Stop::Bad(format!("unknown mode {other}"))),
    };
    let mut stream = engine.submit(&request)?;
    let mut outcome = Outcome::new(answers);
    let wanted = step.get("after_tokens").number() as usize;
    while outcome.tokens() < wanted {
        match stream.next() {
            Some(event) => outcome.add(event),
            None => break,
        }
    }
    stream.id().cancel(mode)?;
    stream.by_ref().for_each(|event| outcome.add(event));
    let late = match stream.id().cancel(mode) {
        Ok(()) => "INLAY_OK",
        Err(error) => error.status().name(),
    };
    Ok(Record::ok().text("finish", outcome.finish()).text("late", late))
}

fn push(world: &World, step: &Json) -> Result<Record, Stop> {
    let model = named(&world.models, step, "model")?;
    let options = inlay::sys::inlay_engine_options {
        context_length: step.get("context_length").small(),
        max_concurrency: step.get("max_concurrency").small(),
        kv_cache_bytes: step.get("kv_cache_bytes").number() as u64,
        options: named(&world.options, step, "options")?.as_ptr(),
        ..Default::default()
    };
    let request = step.get("request");
    let max_tokens = request.get("max_tokens").small();
    let events =
        crate::push::run(model, options, request.get("prompt").text(), max_tokens);
    let events = events.map_err(|status| Stop::Bad(format!("push: status {status}")))?;
    Ok(crate::push::outcome(events).record(false, true))
}

fn score(engine: &Engine, step: &Json) -> Result<Record, Stop> {
    let tokens = step.get("tokens").tokens();
    let logits = engine.score(&tokens)?;
    let rows: Vec<&[f32]> = logits.chunks(logits.len() / tokens.len()).collect();
    let best = |row: &&[f32]| {
        let first = |a: usize, b: usize| if row[b] > row[a] { b } else { a };
        (0..row.len()).fold(0, first) as i32
    };
    let best: Vec<i32> = rows.iter().map(best).collect();
    let next: Vec<f32> =
        tokens[1..].iter().zip(&rows).map(|(token, row)| row[*token as usize]).collect();
    let record = Record::ok().raw("rows", rows.len());
    Ok(record.tokens("best", &best).floats("next", &next))
}

fn embed(engine: &Engine, step: &Json) -> Result<Record, Stop> {
    let pooling = match step.get("pooling").text() {
        "cls" => Pooling::Cls,
        "mean" => Pooling::Mean,
        "last" => Pooling::Last,
        _ => Pooling::Model,
    };
    let normalize = match step.get("normalize").small() {
        0 => None,
        choice => Some(choice == 1),
    };
    let options = EmbedOptions { pooling, normalize };
    let texts: Vec<&str> = step.get("texts").list().iter().map(Json::text).collect();
    let vectors = if texts.is_empty() {
        let inputs: Vec<_> = step.get("inputs").list().iter().map(Json::tokens).collect();
        engine.embed(&inputs, options)?
    } else {
        engine.embed_texts(&texts, options)?
    };
    let record = Record::ok().raw("inputs", vectors.len());
    Ok(record.floats("vectors", &vectors.concat()))
}

fn rank(engine: &Engine, step: &Json) -> Result<Record, Stop> {
    let texts: Vec<&str> = step.get("texts").list().iter().map(Json::text).collect();
    let scores = if texts.is_empty() {
        let inputs = step.get("inputs").list().iter().map(Json::tokens);
        let types = step.get("types").list().iter().map(Json::tokens);
        let pairs: Vec<_> = inputs
            .zip(types)
            .map(|(tokens, types)| TokenPair { tokens, types })
            .collect();
        engine.rank(&pairs)?
    } else {
        engine.rank_texts(step.get("query").text(), &texts)?
    };
    Ok(Record::ok().floats("scores", &scores))
}

fn stats(engine: &Engine) -> Result<Record, Stop> {
    let stats = engine.stats()?;
    Ok(Record::ok()
        .raw("running", stats.running)
        .raw("queued", stats.queued)
        .raw("submitted", stats.submitted)
        .raw("finished", stats.finished)
        .raw("failed", stats.failed)
        .raw("cancelled", stats.cancelled)
        .raw("generated_tokens", stats.generated_tokens)
        .raw("events_pending", stats.events_pending)
        .raw("sessions", stats.sessions))
}

fn metrics(engine: &Engine, step: &Json) -> Result<Record, Stop> {
    let text = engine.metrics()?;
    let wanted = step.get("contains").list().iter();
    let has = wanted.map(|want| u8::from(text.contains(want.text())).to_string());
    Ok(Record::ok().raw("contains", list(has)))
}

fn close(engine: &Engine, step: &Json) -> Result<Record, Stop> {
    engine.close(match step.get("mode").text() {
        "drain" => Close::Drain,
        "cancel" => Close::Cancel,
        other => return Err(Stop::Bad(format!("unknown mode {other}"))),
    })?;
    let state = match engine.state()? {
        EngineState::Running => "running",
        EngineState::Draining => "draining",
        EngineState::Closed => "closed",
        _ => "failed",
    };
    Ok(Record::ok().text("state", state))
}

fn sessions(world: &mut World, step: &Json) -> Result<Record, Stop> {
    let path = step.get("path").text();
    let by_file = step.get("via").text() == "file";
    let made = match step.get("op").text() {
        "session" => named(&world.engines, step, "engine")?.session()?,
        "fork" => named(&world.sessions, step, "session")?.fork()?,
        "load" => {
            let engine = named(&world.engines, step, "engine")?;
            match by_file {
                true => engine.load_session_file(path)?,
                false => engine.load_session(&mut File::open(path)?)?,
            }
        }
        "session_info" => {
            let session = named(&world.sessions, step, "session")?;
            let info = session.info()?;
            return Ok(Record::ok()
                .raw("token_count", info.token_count)
                .flag("busy", info.busy)
                .tokens("tokens", &session.tokens()?));
        }
        "truncate" => {
            let session = named(&world.sessions, step, "session")?;
            session.truncate(step.get("count").small())?;
            return Ok(Record::ok());
        }
        "save" => {
            let session = named(&world.sessions, step, "session")?;
            match by_file {
                true => session.save_file(path)?,
                false => session.save(&mut File::create(path)?)?,
            }
            return Ok(Record::ok());
        }
        _ => return Err(Stop::Unknown),
    };
    world.sessions.insert(step.get("id").text().into(), made);
    Ok(Record::ok())
}

fn release(world: &mut World, step: &Json) -> Record {
    let id = step.get("id").text();
    world.left.remove(id);
    world.contexts.remove(id);
    world.options.remove(id);
    world.models.remove(id);
    world.engines.remove(id);
    world.sessions.remove(id);
    Record::ok()
}

pub fn step(world: &mut World, step: &Json) -> Result<Record, Stop> {
    let engine_of = |world: &World| named(&world.engines, step, "engine").cloned();
    match step.get("op").text() {
        "engine" => engine(world, step),
        "stream" => stream(world, &engine_of(world)?, step.get("request")),
        "generate" => generate(world, &engine_of(world)?, step.get("request")),
        "push" => push(world, step),
        "concurrent" => concurrent(world, &engine_of(world)?, step),
        "submit" => {
            let engine = engine_of(world)?;
            submit(world, &engine, step)
        }
        "drain" => Ok(drain(world, step)),
        "cancel" => cancel(world, &engine_of(world)?, step),
        "cancel_id" => {
            RequestId(step.get("id").number() as u64).cancel(CancelMode::Stop)?;
            Ok(Record::ok())
        }
        "score" => score(&engine_of(world)?, step),
        "embed" => embed(&engine_of(world)?, step),
        "rank" => rank(&engine_of(world)?, step),
        "stats" => stats(&engine_of(world)?),
        "metrics" => metrics(&engine_of(world)?, step),
        "close" => close(&engine_of(world)?, step),
        "release" => Ok(release(world, step)),
        _ => sessions(world, step),
    }
}
