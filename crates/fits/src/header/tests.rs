//! Headers as a whole: lookup, building, inheriting.

use super::*;

fn header(lines: &[&str]) -> Header {
    Header::from_cards(lines.iter().map(|line| Card::parse(line)))
}

#[test]
fn the_first_of_repeated_keywords_counts() {
    let h = header(&["A       = 1", "A       = 2"]);
    assert_eq!(h.integer("A"), Some(1));
}

#[test]
fn getters_do_not_convert_between_types() {
    let h = header(&[
        "I       = 3",
        "R       = 3.0",
        "S       = '3'",
        "L       = T",
        "U       =",
        "M       = what",
    ]);
    assert_eq!((h.integer("I"), h.number("I"), h.text("I")), (Some(3), Some(3.0), None));
    assert_eq!((h.integer("R"), h.number("R")), (None, Some(3.0)));
    assert_eq!((h.number("S"), h.text("S")), (None, Some("3".into())));
    assert_eq!((h.logical("L"), h.logical("I")), (Some(true), None));
    assert_eq!(h.value("U"), Some(Value::Undefined));
    assert_eq!(h.value("M"), Some(Value::Malformed("what".into())));
    assert_eq!(h.value("ABSENT"), None);
    assert!(h.contains("U") && !h.contains("ABSENT"));
}

#[test]
fn long_strings_and_their_comments_are_joined() {
    let h = header(&[
        "LONG    = 'first  &' / one",
        "CONTINUE  'second &' / two",
        "CONTINUE  '' / three",
        "NEXT    = 1",
        "CONTINUE  'orphan'",
    ]);
    assert_eq!(h.text("LONG").as_deref(), Some("first  second"));
    assert_eq!(h.comment("LONG").as_deref(), Some("one two three"));
    assert_eq!(h.integer("NEXT"), Some(1));
    let keywords: Vec<_> = h.iter().map(|e| e.keyword).collect();
    assert_eq!(keywords, ["LONG", "NEXT", "CONTINUE"]);
}

#[test]
fn an_ampersand_that_nothing_follows_is_text() {
    let h = header(&["A       = 'x&'", "B       = 2"]);
    assert_eq!(h.text("A").as_deref(), Some("x&"));
}

#[test]
fn hierarch_is_found_with_and_without_its_prefix() {
    let h = header(&["HIERARCH ESO TEL  AIRM = 1.2 / x", "HIERARCH SHORT = 'y'"]);
    assert_eq!(h.number("ESO TEL AIRM"), Some(1.2));
    assert_eq!(h.number("hierarch eso tel airm"), Some(1.2));
    assert_eq!(h.text("HIERARCH SHORT").as_deref(), Some("y"));
}

#[test]
fn set_replaces_in_place_and_removes_repetitions() {
    let mut h = header(&["A       = 1", "B       = 'x&'", "CONTINUE  'y'", "A       = 2", "B       = 3"]);
    h.set("B", 9, "nine").unwrap();
    h.set("C", 10, "").unwrap();
    let lines: Vec<_> = h.cards().iter().map(|c| c.to_string()).collect();
    assert_eq!(
        lines,
        [
            "A       = 1",
            "B       =                    9 / nine",
            "A       = 2",
            "C       =                   10"
        ]
    );
    assert!(h.remove("A"));
    assert!(!h.remove("A"));
    assert_eq!(h.cards().len(), 2);
    let before = h.clone();
    assert!(h.set("B", f64::NAN, "").is_err());
    assert_eq!(h, before, "a refused value changes nothing");
}

#[test]
fn bytes_are_read_up_to_end() {
    let mut bytes = Vec::new();
    for line in ["A       = 1", "END", "B       = 2"] {
        bytes.extend_from_slice(Card::parse(line).as_bytes());
    }
    bytes.extend_from_slice(b"partial");
    let h = Header::from_bytes(&bytes);
    assert_eq!(h.cards().len(), 1);
    assert_eq!(Header::from_bytes(b"short").cards().len(), 0);
}

#[test]
fn commentary_is_appended_in_order() {
    let mut h = Header::new();
    h.push_history("one");
    h.push_comment("two");
    h.push_card(Card::parse("END"));
    let entries: Vec<_> = h.iter().map(|e| (e.keyword, e.comment)).collect();
    assert_eq!(entries, [("HISTORY".into(), "one".into()), ("COMMENT".into(), "two".into())]);
}
