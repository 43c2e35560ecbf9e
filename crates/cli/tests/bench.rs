//! bench: the table, JSON and CSV of a tiny run. What the figures are is the machine's business.

mod support;

use support::Folder;

const TINY: &str = "bench --quick --kernel median,sigclip-average --frames 3,7 --level baseline";

#[test]
fn a_table_has_the_roofline_and_each_kernel_for_each_stack() {
    let folder = Folder::new();
    let outcome = folder.run(&format!("{TINY} --type f32,u16"));
    let table: Vec<Vec<&str>> = outcome
        .succeeds()
        .stdout
        .lines()
        .skip_while(|line| !line.starts_with("kernel "))
        .skip(1)
        .map(|line| line.split_whitespace().collect())
        .collect();
    let rows = ["plain sum", "copy", "median", "sigclip-average"];
    assert_eq!(table.len(), 2 * 2 * rows.len(), "{outcome:?}");
    for (number, words) in table.iter().enumerate() {
        let (stack, row) = (number / rows.len(), rows[number % rows.len()]);
        let name: Vec<&str> = row.split(' ').collect();
        assert_eq!(words[..name.len()], name);
        let rest = &words[name.len()..];
        assert_eq!(rest[..3], [["3", "7"][stack % 2], ["f32", "u16"][stack / 2], "baseline"]);
        assert_eq!((rest[4], rest[10], rest.len()), ("x", "3", 11), "{words:?}");
        for figure in &rest[6..10] {
            assert!(figure.parse::<f64>().unwrap() >= 0.0, "{words:?}");
        }
    }
    assert!(outcome.stdout.contains("cores") && outcome.stdout.contains("measured: baseline"));
}

#[test]
fn json_and_csv_hold_the_same_rows() {
    let folder = Folder::new();
    folder.run(&format!("{TINY} --json a.json --csv a.csv")).succeeds();
    let json = String::from_utf8(folder.read("a.json")).unwrap();
    let csv = String::from_utf8(folder.read("a.csv")).unwrap();
    for text in
        ["\"machine\": {\"cpu\": ", "\"cores\": ", "\"caches\": [", "\"threads\": 1", "\"quick\": true"]
    {
        assert!(json.contains(text), "{text}: {json}");
    }
    let balance = |open: char, close: char| json.matches(open).count() == json.matches(close).count();
    assert!(balance('{', '}') && balance('[', ']') && json.ends_with("}\n"), "{json}");
    let rows: Vec<&str> = json.lines().filter(|line| line.contains("\"ns_per_sample\": ")).collect();
    let (comment, table) = csv.split_once('\n').unwrap();
    assert!(comment.starts_with("# skystack bench "), "{comment}");
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!((rows.len(), lines.len()), (8, 9), "{json}\n{csv}");
    assert_eq!(lines[0].split(',').count(), lines[1].split(',').count());
    for (row, line) in rows.iter().zip(&lines[1..]) {
        let cells: Vec<&str> = line.split(',').collect();
        let start =
            format!("{{\"kernel\": \"{}\", \"frames\": {}, \"type\": \"{}\"", cells[0], cells[1], cells[2]);
        assert!(row.trim_start().starts_with(&start), "{row}\n{line}");
    }
}

#[test]
fn what_is_wrong_is_said_before_anything_is_measured() {
    let folder = Folder::new();
    folder.write("old.json", "mine");
    for (flags, code, words) in [
        ("--kernel mode", 2, &["'mode'", "--kernel", "sigclip-median"] as &[_]),
        ("--frames 2", 2, &["'2'", "--frames", "from 3"]),
        ("--frames 5,many", 2, &["'many'", "--frames", "from 3"]),
        ("--type i8", 2, &["'i8'", "--type", "f32"]),
        ("--threads 0", 2, &["'0'", "--threads", "from 1"]),
        ("--threads 100000", 2, &["--threads is 100000", "cores of this machine"]),
        ("--level mmx", 2, &["mmx", "--level", "avx512"]),
        ("--json old.json", 1, &["old.json", "exists", "--overwrite"]),
        ("--json no/such.json", 1, &["no/such.json", "folder"]),
        ("--json a --csv a", 2, &["--json and --csv", "two files"]),
        ("out.json", 2, &["'out.json'"]),
    ] {
        folder.refuses(&format!("bench {flags}"), code, words);
    }
}
