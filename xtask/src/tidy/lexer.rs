//! Just enough of Rust's lexical grammar to tell code from comments and literals.

/// A source file's text in two views of the same length in lines; what a view leaves out is blank.
#[derive(Debug)]
pub(crate) struct Views {
    /// Without comments, strings and characters.
    pub(crate) code: String,
    /// Without strings and characters.
    pub(crate) prose: String,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Code,
    Comment,
    Literal,
}

/// Splits a file's text.
pub(crate) fn views(text: &str) -> Views {
    let chars: Vec<char> = text.chars().collect();
    let mut result =
        Views { code: String::with_capacity(text.len()), prose: String::with_capacity(text.len()) };
    let mut at = 0;
    while at < chars.len() {
        let (kind, end) = token(&chars, at);
        for &c in &chars[at..end] {
            let blank = if c == '\n' { '\n' } else { ' ' };
            result.code.push(if kind == Kind::Code { c } else { blank });
            result.prose.push(if kind == Kind::Literal { blank } else { c });
        }
        at = end;
    }
    result
}

/// Kind and end of the piece that starts at `at`.
fn token(chars: &[char], at: usize) -> (Kind, usize) {
    let next = chars.get(at + 1).copied();
    match (chars[at], next) {
        ('/', Some('/')) => (Kind::Comment, find(chars, at, |c| c == '\n')),
        ('/', Some('*')) => (Kind::Comment, block_comment_end(chars, at)),
        ('"', _) => (Kind::Literal, string_end(chars, at)),
        ('\'', Some('\\')) => {
            let close = find(chars, at + 3, |c| c == '\'');
            (Kind::Literal, (close + 1).min(chars.len()))
        }
        // Anything else after a quote is a lifetime.
        ('\'', _) if chars.get(at + 2) == Some(&'\'') => (Kind::Literal, at + 3),
        _ => (Kind::Code, at + 1),
    }
}

fn find(chars: &[char], from: usize, wanted: impl Fn(char) -> bool) -> usize {
    (from..chars.len()).find(|&at| wanted(chars[at])).unwrap_or(chars.len())
}

fn block_comment_end(chars: &[char], at: usize) -> usize {
    let mut depth = 0;
    let mut at = at;
    while at + 1 < chars.len() {
        match (chars[at], chars[at + 1]) {
            ('/', '*') => (depth, at) = (depth + 1, at + 2),
            ('*', '/') if depth == 1 => return at + 2,
            ('*', '/') => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
    }
    chars.len()
}

fn string_end(chars: &[char], at: usize) -> usize {
    if let Some(hashes) = raw_hashes(chars, at) {
        return raw_string_end(chars, at, hashes);
    }
    let mut at = at + 1;
    while at < chars.len() {
        match chars[at] {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    chars.len()
}

/// The number of `#` before the quote when it opens a raw string.
fn raw_hashes(chars: &[char], quote: usize) -> Option<usize> {
    let hashes = chars[..quote].iter().rev().take_while(|&&c| c == '#').count();
    let mut prefix = chars[..quote - hashes].iter().rev().take_while(|c| c.is_alphanumeric() || **c == '_');
    let raw = prefix.next() == Some(&'r') && matches!(prefix.next(), None | Some('b' | 'c'));
    raw.then_some(hashes)
}

fn raw_string_end(chars: &[char], at: usize, hashes: usize) -> usize {
    let closes = |end: usize| {
        chars[end] == '"' && chars[end + 1..].iter().take(hashes).filter(|c| **c == '#').count() == hashes
    };
    (at + 1..chars.len()).find(|&end| closes(end)).map_or(chars.len(), |end| end + 1 + hashes)
}

/// The identifiers of a text with the 1-based line of each.
pub(crate) fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().flat_map(|(row, line)| {
        line.split(|c: char| !(c.is_alphanumeric() || c == '_'))
            .filter(|word| !word.is_empty())
            .map(move |word| (row + 1, word))
    })
}

#[cfg(test)]
mod tests {
    use super::{views, words};

    #[test]
    fn comments_and_literals_are_blank_in_code() {
        let text = "let a = \"hidden\"; // remark\nlet b = 'h'; /* one /* two */ still */ call();";
        let code = views(text).code;
        for gone in ["hidden", "remark", "one", "still", "'h'"] {
            assert!(!code.contains(gone), "{gone}: {code}");
        }
        assert!(code.contains("call();"));
        assert_eq!(code.lines().count(), text.lines().count());
    }

    #[test]
    fn prose_keeps_comments() {
        let prose = views("f(\"hidden\"); // remark").prose;
        assert!(prose.contains("remark") && !prose.contains("hidden"));
    }

    #[test]
    fn raw_strings_escapes_and_lifetimes_do_not_confuse() {
        let code =
            views("a(r#\"x \" y\"#, \"q\\\"z\", '\\'', b\"w\", br\"v\\\"); fn f<'a>(s: &'a str) {}").code;
        for gone in ["x", "y", "q", "z", "w", "v"] {
            assert!(!words(&code).any(|(_, word)| word == gone), "{gone}: {code}");
        }
        assert!(code.contains("fn f<'a>(s: &'a str) {}"));
    }

    #[test]
    fn words_know_their_line() {
        let found: Vec<_> = words("one two_2\n\n three").collect();
        assert_eq!(found, [(1, "one"), (1, "two_2"), (3, "three")]);
    }
}
