//! JSON as the scenario has it: a small parser and the writing of strings.

/// A value; objects keep their order.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

static NULL: Json = Json::Null;

impl Json {
    /// A field of an object; null if there is none.
    pub fn get(&self, key: &str) -> &Json {
        match self {
            Json::Object(fields) => {
                fields.iter().find(|field| field.0 == key).map_or(&NULL, |field| &field.1)
            }
            _ => &NULL,
        }
    }

    pub fn has(&self, key: &str) -> bool {
        *self.get(key) != Json::Null
    }

    pub fn text(&self) -> &str {
        match self {
            Json::Text(text) => text,
            _ => "",
        }
    }

    pub fn number(&self) -> f64 {
        match self {
            Json::Number(number) => *number,
            _ => 0.0,
        }
    }

    pub fn small(&self) -> i32 {
        self.number() as i32
    }

    pub fn is_true(&self) -> bool {
        *self == Json::Bool(true)
    }

    pub fn list(&self) -> &[Json] {
        match self {
            Json::List(list) => list,
            _ => &[],
        }
    }

    pub fn tokens(&self) -> Vec<i32> {
        self.list().iter().map(Json::small).collect()
    }

    /// Written without spaces.
    pub fn write(&self) -> String {
        match self {
            Json::Null => "null".into(),
            Json::Bool(value) => value.to_string(),
            Json::Number(number) => number.to_string(),
            Json::Text(text) => quote(text),
            Json::List(list) => {
                let items: Vec<String> = list.iter().map(Json::write).collect();
                format!("[{}]", items.join(","))
            }
            Json::Object(fields) => {
                let items: Vec<String> = fields
                    .iter()
                    .map(|(key, value)| format!("{}:{}", quote(key), value.write()))
                    .collect();
                format!("{{{}}}", items.join(","))
            }
        }
    }
}

/// A JSON string as the trace has it.
pub fn quote(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c < ' ' => {
                let code = format!("\\u{:04x}", c as u32);
                out.push_str(&code);
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Deepest nesting that is read.
const DEPTH: usize = 32;

struct Parser<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// Reads a whole document.
pub fn parse(text: &str) -> Result<Json, String> {
    let mut parser = Parser { bytes: text.as_bytes(), at: 0 };
    let value = parser.value(0)?;
    parser.spaces();
    if parser.at < parser.bytes.len() {
        return Err(format!("more behind byte {}", parser.at));
    }
    Ok(value)
}

impl Parser<'_> {
    fn spaces(&mut self) {
        while matches!(self.bytes.get(self.at), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    fn take(&mut self, word: &str) -> bool {
        let found = self.bytes[self.at..].starts_with(word.as_bytes());
        if found {
            self.at += word.len();
        }
        found
    }

    fn want(&mut self, word: &str) -> Result<(), String> {
        self.spaces();
        if self.take(word) {
            return Ok(());
        }
        Err(format!("no '{word}' at byte {}", self.at))
    }

    fn value(&mut self, depth: usize) -> Result<Json, String> {
        if depth > DEPTH {
            return Err("nested too deeply".into());
        }
        self.spaces();
        match self.bytes.get(self.at) {
            Some(b'"') => Ok(Json::Text(self.string()?)),
            Some(b'[') => self.list(depth),
            Some(b'{') => self.object(depth),
            _ if self.take("null") => Ok(Json::Null),
            _ if self.take("true") => Ok(Json::Bool(true)),
            _ if self.take("false") => Ok(Json::Bool(false)),
            _ => self.number(),
        }
    }

    fn number(&mut self) -> Result<Json, String> {
        let from = self.at;
        let part = |b: &u8| b.is_ascii_digit() || b"+-.eE".contains(b);
        while self.bytes.get(self.at).map_or(false, part) {
            self.at += 1;
        }
        let text = String::from_utf8_lossy(&self.bytes[from..self.at]);
        text.parse().map(Json::Number).map_err(|_| format!("no value at byte {from}"))
    }

    fn list(&mut self, depth: usize) -> Result<Json, String> {
        self.want("[")?;
        let mut list = Vec::new();
        self.spaces();
        if self.take("]") {
            return Ok(Json::List(list));
        }
        loop {
            list.push(self.value(depth + 1)?);
            self.spaces();
            if !self.take(",") {
                break;
            }
        }
        self.want("]")?;
        Ok(Json::List(list))
    }

    fn object(&mut self, depth: usize) -> Result<Json, String> {
        self.want("{")?;
        let mut fields = Vec::new();
        self.spaces();
        if self.take("}") {
            return Ok(Json::Object(fields));
        }
        loop {
            self.spaces();
            let key = self.string()?;
            self.want(":")?;
            fields.push((key, self.value(depth + 1)?));
            self.spaces();
            if !self.take(",") {
                break;
            }
        }
        self.want("}")?;
        Ok(Json::Object(fields))
    }

    fn string(&mut self) -> Result<String, String> {
        self.want("\"")?;
        let mut out = Vec::new();
        loop {
            let byte = *self.bytes.get(self.at).ok_or("a string without an end")?;
            self.at += 1;
            match byte {
                b'"' => return String::from_utf8(out).map_err(|e| e.to_string()),
                b'\\' => out.push(self.escape()?),
                byte => out.push(byte),
            }
        }
    }

    /// `\u` stands for characters below U+0080 only here.
    fn escape(&mut self) -> Result<u8, String> {
        let byte = *self.bytes.get(self.at).ok_or("a string without an end")?;
        self.at += 1;
        Ok(match byte {
            b'n' => b'\n',
            b't' => b'\t',
            b'r' => b'\r',
            b'b' => 8,
            b'f' => 12,
            b'u' => {
                let digits = self.bytes.get(self.at..self.at + 4).unwrap_or_default();
                let digits = std::str::from_utf8(digits).unwrap_or_default();
                let code = u8::from_str_radix(digits, 16);
                self.at += 4;
                code.ok().filter(u8::is_ascii).ok_or("an escape beyond ASCII")?
            }
            other => other,
        })
    }
}
