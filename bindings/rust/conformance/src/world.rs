//! The objects that steps make and name.

use crate::json::Json;
use crate::outcome::Outcome;
use inlay::{Context, Engine, Error, Model, Options, Session, Stream};
use std::collections::HashMap;

/// Why a step gave no result of its own.
pub enum Stop {
    /// A call failed, which is a result.
    Failed(Error),
    /// The scenario asks for what the runner does not know.
    Bad(String),
    /// Not a step of this kind.
    Unknown,
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Stop::Failed(error)
    }
}

impl From<String> for Stop {
    fn from(why: String) -> Self {
        Stop::Bad(why)
    }
}

impl From<std::io::Error> for Stop {
    fn from(why: std::io::Error) -> Self {
        Stop::Bad(why.to_string())
    }
}

#[derive(Default)]
pub struct World {
    pub contexts: HashMap<String, Context>,
    pub options: HashMap<String, Options>,
    pub models: HashMap<String, Model>,
    pub engines: HashMap<String, Engine>,
    pub sessions: HashMap<String, Session>,
    /// What `submit` left, by engine.
    pub left: HashMap<String, Vec<(Stream, Outcome)>>,
}

/// The object that a step names under `key`.
pub fn named<'a, T>(
    map: &'a HashMap<String, T>,
    step: &Json,
    key: &str,
) -> Result<&'a T, Stop> {
    let name = step.get(key).text();
    map.get(name).ok_or_else(|| Stop::Bad(format!("no {key} '{name}'")))
}
