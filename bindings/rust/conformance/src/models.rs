//! Steps about the library, contexts, options, models and text.

use crate::json::Json;
use crate::trace::{list, Record};
use crate::world::{named, Stop, World};
use inlay::{Chat, Context, ContextOptions, Model, ModelOptions, Source, Tokenize};
use std::ops::ControlFlow;

fn library(step: &Json) -> Record {
    let features = step.get("features").list().iter();
    let has = features.map(|f| u8::from(inlay::has_feature(f.text())).to_string());
    Record::ok()
        .raw("abi", inlay::abi_version())
        .text("version", inlay::version())
        .raw("features", list(has))
}

fn context(world: &mut World, step: &Json) -> Result<Record, Stop> {
    let threads = step.get("threads").small();
    let context = Context::with(ContextOptions::new().threads(threads))?;
    let record = Record::ok().raw("threads", context.stats()?.threads);
    world.contexts.insert(step.get("id").text().into(), context);
    Ok(record)
}

fn architecture(world: &World, step: &Json) -> Result<Record, Stop> {
    let context = named(&world.contexts, step, "context")?;
    context.add_architecture(step.get("text").text(), step.get("replace").is_true())?;
    Ok(Record::ok())
}

fn options(world: &mut World, step: &Json) -> Result<Record, Stop> {
    let mut options = inlay::Options::new()?;
    let pairs = step.get("set").list();
    for pair in pairs {
        options.set(pair.list()[0].text(), pair.list()[1].text())?;
    }
    let mut values = Vec::new();
    for pair in pairs {
        values.push(crate::json::quote(&options.get(pair.list()[0].text())?));
    }
    world.options.insert(step.get("id").text().into(), options);
    Ok(Record::ok().raw("values", list(values.into_iter())))
}

struct FromFile(std::fs::File, u64);

impl inlay::ReadAt for FromFile {
    fn size(&self) -> u64 {
        self.1
    }
    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> std::io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(&self.0, buffer, offset)
    }
}

fn open(world: &mut World, step: &Json) -> Result<Record, Stop> {
    let context = named(&world.contexts, step, "context")?;
    let path = step.get("path").text();
    let kind = step.get("source").text();
    let source = match kind {
        "" | "path" | "async" => Source::path(path),
        "memory" => Source::memory(std::fs::read(path)?),
        "fd" => Source::file(std::fs::File::open(path)?, 0, 0),
        "reader" => {
            let file = std::fs::File::open(path)?;
            let size = file.metadata()?.len();
            Source::reader(FromFile(file, size))
        }
        other => return Err(Stop::Bad(format!("unknown source {other}"))),
    };
    let mut how = ModelOptions::new();
    if step.has("options") {
        how = how.options(named(&world.options, step, "options")?);
    }
    how = how.vocabulary_only(step.get("vocabulary_only").is_true());
    if step.get("cancel").is_true() {
        how = how.progress(|_| ControlFlow::Break(()));
    }
    let model = match kind {
        "async" => context.open_async(source, how)?.wait()?,
        _ => context.open_with(source, how)?,
    };
    let record = Record::ok().flag("runnable", model.info()?.runnable);
    world.models.insert(step.get("id").text().into(), model);
    Ok(record)
}

fn model_info(model: &Model) -> Result<Record, Stop> {
    let info = model.info()?;
    let token = |token: Option<i32>| token.unwrap_or(-1);
    Ok(Record::ok()
        .flag("runnable", info.runnable)
        .raw("vocabulary_size", info.vocabulary_size)
        .raw("context_length", info.context_length)
        .raw("layer_count", info.layer_count)
        .raw("embedding_length", info.embedding_length)
        .raw("head_count", info.head_count)
        .raw("kv_head_count", info.kv_head_count)
        .raw("head_dim", info.head_dim)
        .flag("has_tokenizer", info.has_tokenizer)
        .flag("has_chat_template", info.has_chat_template)
        .raw("bos_token", token(info.bos_token))
        .raw("eos_token", token(info.eos_token))
        .raw("unk_token", token(info.unk_token))
        .raw("pad_token", token(info.pad_token))
        .flag("adds_bos", info.adds_bos)
        .flag("adds_eos", info.adds_eos)
        .raw("parameter_count", info.parameter_count)
        .raw("weight_bytes", info.weight_bytes)
        .raw("file_bytes", info.file_bytes)
        .tokens("end_tokens", &info.end_tokens)
        .text("architecture", &info.architecture)
        .text("format", &info.format)
        .text("name", &info.name))
}

fn has_flag(step: &Json, name: &str) -> bool {
    step.get("flags").list().iter().any(|flag| flag.text() == name)
}

fn tokenize(model: &Model, step: &Json) -> Result<Record, Stop> {
    let how = Tokenize {
        no_special: has_flag(step, "no_special"),
        parse_special: has_flag(step, "parse_special"),
    };
    let tokens = model.tokenize_with(step.get("text").text(), how)?;
    Ok(Record::ok().tokens("tokens", &tokens))
}

fn tokenize_pair(model: &Model, step: &Json) -> Result<Record, Stop> {
    let pair =
        model.tokenize_pair(step.get("first").text(), step.get("second").text())?;
    Ok(Record::ok().tokens("tokens", &pair.tokens).tokens("types", &pair.types))
}

fn chat(model: &Model, step: &Json) -> Result<Record, Stop> {
    let chat = Chat::new()
        .json(step.get("messages").write())
        .generation_prompt(!has_flag(step, "no_generation_prompt"));
    Ok(Record::ok().text("text", &model.render(&chat)?))
}

pub fn step(world: &mut World, step: &Json) -> Result<Record, Stop> {
    let model = |world: &World| named(&world.models, step, "model").cloned();
    match step.get("op").text() {
        "library" => Ok(library(step)),
        "context" => context(world, step),
        "architecture" => architecture(world, step),
        "options" => options(world, step),
        "open" => open(world, step),
        "model_info" => model_info(&model(world)?),
        "metadata" => {
            let value = model(world)?.metadata(step.get("key").text())?;
            Ok(Record::ok().text("value", &value))
        }
        "tokenize" => tokenize(&model(world)?, step),
        "tokenize_pair" => tokenize_pair(&model(world)?, step),
        "detokenize" => {
            let tokens = step.get("tokens").tokens();
            let text = model(world)?.detokenize(&tokens, has_flag(step, "special"))?;
            Ok(Record::ok().text("text", &text))
        }
        "find_token" => {
            let token = model(world)?.find_token(step.get("text").text())?;
            Ok(Record::ok().raw("token", token))
        }
        "chat" => chat(&model(world)?, step),
        _ => Err(Stop::Unknown),
    }
}
