//! Contexts, options, models, text.

mod common;

use common::{block_on, model, model_path};
use inlay::{Chat, Context, ContextOptions, LogLevel, ModelOptions, Status, Tokenize};
use std::alloc::{GlobalAlloc, Layout, System};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

#[test]
fn the_library_introduces_itself() {
    assert_eq!(inlay::version(), inlay::sys::INLAY_VERSION_STRING);
    assert!(inlay::build_info().contains(inlay::version()));
    assert!(inlay::has_feature("cpu") && !inlay::has_feature("no\0such"));
    assert_eq!(inlay::check(), Ok(()));
    assert!(inlay::tunables().unwrap().iter().any(|t| t.key == "isa"));
}

#[test]
fn errors_have_code_and_text() {
    let context = Context::new().unwrap();
    let error = context.open("/no/such/file.gguf").err().unwrap();
    assert_eq!(error.status(), Status::NotFound);
    assert_eq!(error.status().name(), "INLAY_ERR_NOT_FOUND");
    assert!(error.to_string().contains("file.gguf"), "{error}");
    let error = Context::with(ContextOptions::new().threads(-1)).err().unwrap();
    assert!(matches!(error.status(), Status::OutOfRange | Status::InvalidArgument));
}

#[test]
fn options_are_checked() {
    let mut options = inlay::Options::new().unwrap();
    options.set("kv_type", "f32").unwrap().set("max_queue", "7").unwrap();
    assert_eq!(options.get("kv_type").unwrap(), "f32");
    options.set("kv_type", "").unwrap();
    assert_eq!(options.get("kv_type").unwrap(), "auto");
    assert_eq!(options.set("nothing", "1").err().unwrap().status(), Status::NotFound);
    assert!(options.set("kv_type", "f33").is_err());
}

#[test]
fn models_describe_themselves() {
    let model = model();
    let info = model.info().unwrap();
    assert!(info.runnable && info.has_tokenizer);
    assert_eq!(info.architecture, "llama");
    let architecture = model.metadata("general.architecture").unwrap();
    assert_eq!(architecture, "llama");
    assert!(model.metadata_keys().unwrap().contains(&"general.architecture".into()));
    assert_eq!(model.metadata("nothing").err().unwrap().status(), Status::NotFound);
    let tensors = model.tensors().unwrap();
    let bytes: u64 = tensors.iter().map(|tensor| tensor.bytes).sum();
    assert_eq!(bytes, info.weight_bytes);
    let needs = model.estimate(&inlay::EngineOptions::new()).unwrap();
    assert!(needs.total >= needs.weights && needs.kv_cache > 0);
}

#[test]
fn text_becomes_tokens_and_text_again() {
    let model = model();
    let no_special = Tokenize { no_special: true, ..Default::default() };
    for text in ["", "Hello, world", "naïve 漢字 🦀 ", "a\0b"] {
        let tokens = model.tokenize_with(text, no_special).unwrap();
        assert_eq!(model.detokenize(&tokens, false).unwrap(), text);
        let bytes: Vec<u8> = tokens
            .iter()
            .flat_map(|token| model.token_bytes(*token, false).unwrap())
            .collect();
        assert_eq!(bytes, text.as_bytes());
    }
    let size = model.info().unwrap().vocabulary_size;
    let error = model.detokenize(&[size], false).err().unwrap();
    assert_eq!(error.status(), Status::OutOfRange);
    let info = model.token_info(0).unwrap();
    let stored = String::from_utf8(info.stored).unwrap();
    assert_eq!(model.find_token(&stored).unwrap(), 0);
}

#[test]
fn chats_are_rendered() {
    let chat = Chat::new().message("user", "\"Hi\"\n\u{1}🦀").template(
        "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}\
         {% if add_generation_prompt %}>{% endif %}",
    );
    let model = model();
    assert_eq!(model.render(&chat).unwrap(), "[user]\"Hi\"\n\u{1}🦀>");
    let without = model.render(&chat.clone().generation_prompt(false)).unwrap();
    assert!(!without.ends_with('>'));
    let error = model.render(&chat.json("[")).err().unwrap();
    assert_eq!(error.status(), Status::InvalidArgument);
}

struct FromMemory(Vec<u8>, AtomicUsize, &'static str);

impl inlay::ReadAt for FromMemory {
    fn size(&self) -> u64 {
        self.0.len() as u64
    }

    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> std::io::Result<()> {
        if self.1.fetch_add(1, Ordering::Relaxed) > 0 {
            match self.2 {
                "fails" => {
                    return Err(std::io::Error::new(std::io::ErrorKind::Other, "worn"))
                }
                "panics" => panic!("no more"),
                _ => {}
            }
        }
        let from = offset as usize;
        buffer.copy_from_slice(&self.0[from..from + buffer.len()]);
        Ok(())
    }
}

#[test]
fn models_come_from_anywhere() {
    let path = model_path("tiny-llama.gguf");
    let bytes = std::fs::read(&path).unwrap();
    let context = Context::new().unwrap();
    let memory = context.open(inlay::Source::memory(bytes.clone())).unwrap();
    let file = std::fs::File::open(&path).unwrap();
    let file = context.open(inlay::Source::file(file, 0, 0)).unwrap();
    let reader = |what| inlay::Source::reader(FromMemory(bytes.clone(), 0.into(), what));
    let read = context.open(reader("works")).unwrap();
    for model in [memory, file, read] {
        assert_eq!(model.info().unwrap().file_bytes, bytes.len() as u64);
    }
    let error = context.open(reader("fails")).err().unwrap();
    assert_eq!(error.status(), Status::Io);
    assert!(error.to_string().contains("worn"), "{error}");
    assert!(std::error::Error::source(&error).is_some());
    let error = context.open(reader("panics")).err().unwrap();
    assert!(error.to_string().contains("panicked: no more"), "{error}");
}

#[test]
fn opening_can_be_watched_and_cancelled() {
    let path = model_path("tiny-llama.gguf");
    let context = Context::new().unwrap();
    let seen = Arc::new(AtomicUsize::new(0));
    let count = seen.clone();
    let watched = ModelOptions::new().progress(move |progress| {
        assert!(progress.done <= progress.total);
        count.fetch_add(1, Ordering::Relaxed);
        ControlFlow::Continue(())
    });
    context.open_with(&path, watched).unwrap();
    assert!(seen.load(Ordering::Relaxed) > 0);
    let cancelled = ModelOptions::new().progress(|_| ControlFlow::Break(()));
    let error = context.open_with(&path, cancelled).err().unwrap();
    assert_eq!(error.status(), Status::Cancelled);
    let panics = ModelOptions::new().progress(|_| panic!("enough"));
    let error = context.open_with(&path, panics).err().unwrap();
    assert!(error.to_string().contains("panicked: enough"), "{error}");
}

#[test]
fn loads_run_beside() {
    let path = model_path("tiny-llama.gguf");
    let context = Context::new().unwrap();
    let load = context.open_async(&path, ModelOptions::new()).unwrap();
    assert!(load.wait().unwrap().info().unwrap().runnable);
    let load = context.open_async(&path, ModelOptions::new()).unwrap();
    assert!(block_on(load).unwrap().info().unwrap().runnable);
    let load = context.open_async("/no/such", ModelOptions::new());
    let error = load.and_then(block_on).err().unwrap();
    assert_eq!(error.status(), Status::NotFound);
    // A load that waits in its progress report is cancelled by its drop.
    let (entered, wait) = std::sync::mpsc::channel();
    let slow = ModelOptions::new().progress(move |_| {
        let _ = entered.send(());
        std::thread::sleep(std::time::Duration::from_millis(5));
        ControlFlow::Continue(())
    });
    let load = context.open_async(&path, slow).unwrap();
    wait.recv().unwrap();
    drop(load);
    assert!(wait.recv_timeout(std::time::Duration::from_millis(50)).is_err());
}

/// Counts what the library takes and gives back.
#[derive(Default)]
struct Counting(AtomicUsize, AtomicUsize);

// SAFETY: as the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.0.fetch_add(1, Ordering::Relaxed);
        System.alloc(layout)
    }
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        self.1.fetch_add(1, Ordering::Relaxed);
        System.dealloc(block, layout)
    }
}

#[test]
fn contexts_take_an_allocator_and_a_log() {
    let counting = Arc::new(Counting::default());
    let lines = Arc::new(Mutex::new(Vec::new()));
    let sink = lines.clone();
    let options = ContextOptions::new().threads(1).allocator(counting.clone()).log(
        LogLevel::Debug,
        move |level, text| {
            sink.lock().unwrap().push((level, text.to_string()));
            // Refused, not a deadlock; and a panic stays inside.
            assert!(Context::new().is_err());
            panic!("in the log");
        },
    );
    let context = Context::with(options).unwrap();
    let model = context.open(model_path("tiny-llama.gguf")).unwrap();
    let engine = model.engine().unwrap();
    engine.generate(&inlay::Request::text("a").max_tokens(2)).unwrap();
    drop((engine, model));
    assert!(!context.devices().unwrap().is_empty());
    assert_eq!(context.stats().unwrap().threads, 1);
    drop(context);
    assert!(counting.0.load(Ordering::Relaxed) > 0);
    assert_eq!(counting.0.load(Ordering::Relaxed), counting.1.load(Ordering::Relaxed));
    assert_eq!(Arc::strong_count(&counting), 1);
    assert_eq!(Arc::strong_count(&lines), 1);
}
