//! Conversations.

mod common;

use common::engine;
use inlay::{Request, Status};
use std::io::{Error, ErrorKind, Read, Write};

fn turn(text: &str) -> Request {
    Request::text(text).max_tokens(8).ignore_end()
}

#[test]
fn sessions_go_on_fork_and_shorten() {
    let engine = engine();
    let session = engine.session().unwrap();
    let first = engine.generate(&turn("One").session(&session)).unwrap();
    let length = session.info().unwrap().token_count;
    let prompt = first.usage.prompt_tokens;
    assert_eq!(length, prompt + 8);
    let fork = session.fork().unwrap();
    let a = engine.generate(&turn("Two").session(&session)).unwrap();
    let b = engine.submit(&turn("Two").session(&fork)).unwrap().wait().unwrap();
    assert_eq!(a.answers[0].tokens, b.answers[0].tokens);
    assert_eq!(session.tokens().unwrap(), fork.tokens().unwrap());
    fork.truncate(length).unwrap();
    assert_eq!(fork.tokens().unwrap(), session.tokens().unwrap()[..length as usize]);
    assert_eq!(fork.truncate(length + 1).err().unwrap().status(), Status::OutOfRange);
    // A step takes long enough to be seen.
    let slow = turn("Three").max_tokens(200).session(&fork).logits_hook(|_, _| {
        std::thread::sleep(std::time::Duration::from_millis(2));
        std::ops::ControlFlow::Continue(())
    });
    let busy = engine.submit(&slow).unwrap();
    assert!(fork.info().unwrap().busy);
    let error = engine.submit(&turn("Four").session(&fork)).err().unwrap();
    assert_eq!(error.status(), Status::FailedPrecondition);
    drop(busy);
}

struct Broken;

impl Write for Broken {
    fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
        Err(Error::from_raw_os_error(28))
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        panic!("in the reader")
    }
}

#[test]
fn sessions_are_saved_and_loaded() {
    let engine = engine();
    let session = engine.session_in("mine").unwrap();
    engine.generate(&turn("One").session(&session)).unwrap();
    let mut bytes = Vec::new();
    session.save(&mut bytes).unwrap();
    let path = std::env::temp_dir().join(format!("inlay-{}.bin", std::process::id()));
    session.save_file(&path).unwrap();
    let loaded = engine.load_session(&mut bytes.as_slice()).unwrap();
    let from_file = engine.load_session_file(&path).unwrap();
    std::fs::remove_file(&path).unwrap();
    let go_on = |session| {
        let answer = engine.generate(&turn("Two").session(session)).unwrap();
        answer.answers[0].tokens.clone()
    };
    let want = go_on(&session);
    assert_eq!(go_on(&loaded), want);
    assert_eq!(go_on(&from_file), want);
    bytes.truncate(bytes.len() / 2);
    let error = engine.load_session(&mut bytes.as_slice()).err().unwrap();
    assert_eq!(error.status(), Status::DataLoss);
    let error = session.save(&mut Broken).err().unwrap();
    assert_eq!((error.status(), error.native_code()), (Status::Io, -28));
    let source = std::error::Error::source(&error).unwrap();
    let source = source.downcast_ref::<Error>().unwrap();
    assert_ne!(source.kind(), ErrorKind::InvalidData);
    assert_eq!(source.raw_os_error(), Some(28));
    let error = engine.load_session(&mut Broken).err().unwrap();
    assert!(error.to_string().contains("panicked: in the reader"), "{error}");
    // A session outlives its engine.
    drop(engine);
    assert!(session.info().unwrap().token_count > 0);
}
