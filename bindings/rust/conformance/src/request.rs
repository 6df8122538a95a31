//! Requests as the scenario describes them.

use crate::json::Json;
use inlay::{Part, Request, Session};
use std::ops::ControlFlow;
use std::time::Duration;

fn prompt(json: &Json) -> Request {
    if !json.has("parts") {
        return Request::text(json.get("prompt").text());
    }
    let part = |part: &Json| match part.has("tokens") {
        true => Part::Tokens(part.get("tokens").tokens()),
        false if part.get("parse_special").is_true() => {
            Part::Template(part.get("text").text().into())
        }
        false => Part::Text(part.get("text").text().into()),
    };
    let parts: Vec<Part> = json.get("parts").list().iter().map(part).collect();
    Request::parts(parts)
}

fn flag(request: Request, name: &str) -> Result<Request, String> {
    Ok(match name {
        "no_special" => request.no_special(),
        "parse_special" => request.parse_special(),
        "chat" => request.chat_template(),
        "ignore_end" => request.ignore_end(),
        "report_special" => request.report_special(),
        "logprobs" => request.logprobs(),
        "prompt_logprobs" => request.prompt_logprobs(),
        "no_cache" => request.no_cache(),
        other => return Err(format!("unknown flag {other}")),
    })
}

fn force(request: Request, tokens: Vec<i32>) -> Request {
    request.logits_hook(move |row, logits| {
        let token = match tokens.get(row.generated.len()) {
            Some(token) => *token as usize,
            None => return ControlFlow::Break(7),
        };
        logits.fill(f32::NEG_INFINITY);
        if let Some(logit) = logits.get_mut(token) {
            *logit = 0.0;
        }
        ControlFlow::Continue(())
    })
}

fn field(request: Request, key: &str, value: &Json) -> Result<Request, String> {
    let (i, f) = (value.small(), value.number() as f32);
    Ok(match key {
        "max_tokens" => request.max_tokens(i),
        "min_tokens" => request.min_tokens(i),
        "temperature" => request.temperature(f),
        "top_k" => request.top_k(i),
        "top_p" => request.top_p(f),
        "min_p" => request.min_p(f),
        "typical_p" => request.typical_p(f),
        "repetition_penalty" => request.repetition_penalty(f),
        "presence_penalty" => request.presence_penalty(f),
        "frequency_penalty" => request.frequency_penalty(f),
        "penalty_last_n" => request.penalty_last_n(i),
        "top_logprobs" => request.top_logprobs(i),
        "seed" => request.seed(value.number() as u64),
        "priority" => request.priority(i),
        "choices" => request.choices(i),
        "best_of" => request.best_of(i),
        "beam_width" => request.beam_width(i),
        "length_penalty" => request.length_penalty(f),
        "mirostat" => request.mirostat(i),
        "mirostat_tau" => request.mirostat_tau(f),
        "mirostat_eta" => request.mirostat_eta(f),
        "xtc_probability" => request.xtc_probability(f),
        "xtc_threshold" => request.xtc_threshold(f),
        "dry_multiplier" => request.dry_multiplier(f),
        "dry_base" => request.dry_base(f),
        "dry_allowed_length" => request.dry_allowed_length(i),
        "dry_last_n" => request.dry_last_n(i),
        "no_repeat_ngram" => request.no_repeat_ngram(i),
        "tenant" => request.tenant(value.text()),
        "cache_domain" => request.cache_domain(value.text()),
        "deadline_ns" => request.deadline(Duration::from_nanos(value.number() as u64)),
        "force" => force(request, value.tokens()),
        "flags" => {
            value.list().iter().try_fold(request, |r, name| flag(r, name.text()))?
        }
        "stop_tokens" => value.tokens().into_iter().fold(request, Request::stop_token),
        "stop_strings" => {
            value.list().iter().fold(request, |request, text| request.stop(text.text()))
        }
        "bias" => value.list().iter().fold(request, |request, pair| {
            let pair = pair.list();
            request.bias(pair[0].small(), pair[1].number() as f32)
        }),
        "dry_breakers" => request.dry_breakers(value.list().iter().map(Json::text)),
        "prompt" | "parts" | "session" => request,
        other => return Err(format!("unknown field {other}")),
    })
}

/// A request, and how many answers it asks for.
pub fn build(json: &Json, session: Option<&Session>) -> Result<(Request, usize), String> {
    let mut request = prompt(json);
    if let Json::Object(fields) = json {
        for (key, value) in fields {
            request = field(request, key, value)?;
        }
    }
    if let Some(session) = session {
        request = request.session(session);
    }
    Ok((request, json.get("choices").number().max(1.0) as usize))
}
