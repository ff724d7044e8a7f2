//! A program of many small deeds, compiled by the tests for WASI 0.1 and 0.2: what it reports in
//! `/out` must be the same.

use std::{
    collections::HashMap,
    env, fs,
    io::{self, Read, Seek, SeekFrom, Write},
    process,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

fn main() {
    match env::args().nth(1).as_deref() {
        Some("exit") => process::exit(7),
        Some("panic") => panic!("on purpose"),
        Some("loop") => loop {
            std::hint::black_box(());
        },
        Some("print") => loop {
            if let Err(error) = io::stdout().write_all(&[b'x'; 1000]) {
                eprintln!("{error}");
                process::exit(3);
            }
        },
        Some("random") => {
            let map: HashMap<_, _> = (0..100).map(|key| (key, ())).collect();
            fs::write("/out", format!("{:?}", map.keys().collect::<Vec<_>>())).unwrap();
        }
        Some("grow") => {
            let mut all = Vec::new();
            loop {
                all.push(vec![1u8; 1 << 20]);
            }
        }
        _ => deeds().unwrap(),
    }
}

fn deeds() -> io::Result<()> {
    let mut report = String::new();
    let mut say = |what: &str, value: &dyn std::fmt::Debug| {
        report.push_str(&format!("{what}: {value:?}\n"));
    };
    say("arguments", &env::args().collect::<Vec<_>>());
    say("environment", &env::vars().collect::<Vec<_>>());
    println!("to standard output");
    eprintln!("to standard error");
    let mut input = String::new();
    say("stdin", &io::stdin().read_to_string(&mut input).map(|_| input));

    // Files.
    say("input", &fs::read_to_string("/in")?);
    say("no such file", &fs::read("/none").map_err(|error| error.kind()));
    say("may not", &fs::write("/in", "x").map_err(|error| error.kind()));
    fs::create_dir("/made/a")?;
    say("twice", &fs::create_dir("/made/a").map_err(|error| error.kind()));
    fs::write("/made/a/one", "0123456789")?;
    let mut file = fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open("/made/a/one")?;
    file.seek(SeekFrom::Start(3))?;
    file.write_all(b"abc")?;
    let mut rest = String::new();
    file.read_to_string(&mut rest)?;
    say("rest", &rest);
    file.set_len(8)?;
    say("length", &file.metadata()?.len());
    drop(file);
    let mut file = fs::OpenOptions::new().append(true).open("/made/a/one")?;
    file.write_all(b"end")?;
    drop(file);
    say("whole", &fs::read_to_string("/made/a/one")?);
    fs::rename("/made/a/one", "/made/a/two")?;
    fs::hard_link("/made/a/two", "/made/a/three")?;
    fs::copy("/made/a/two", "/made/a/four")?;
    let mut names = Vec::new();
    for entry in fs::read_dir("/made/a")? {
        let entry = entry?;
        names.push((entry.file_name(), entry.file_type()?.is_file()));
    }
    say("names", &names);
    say("full", &fs::remove_dir("/made/a").is_err());
    for name in ["two", "three", "four"] {
        fs::remove_file(format!("/made/a/{name}"))?;
    }
    fs::remove_dir("/made/a")?;
    let large: Vec<u8> = (0..3_000_000u32).map(|byte| byte.to_le_bytes()[0]).collect();
    fs::write("/made/large", &large)?;
    say("large", &(fs::read("/made/large")? == large));
    fs::remove_file("/made/large")?;
    say("too much", &fs::write("/made/more", vec![1; 20 << 20]).is_err());
    fs::remove_file("/made/more")?;

    // Clocks.
    let start = Instant::now();
    let wall = SystemTime::now();
    std::thread::sleep(Duration::from_secs(3600));
    say("slept", &(start.elapsed() >= Duration::from_secs(3600)));
    say("wall", &wall.duration_since(UNIX_EPOCH).map_err(|_| ()));
    say("later", &wall.elapsed().map_err(|_| ()));
    fs::write("/out", report)
}
