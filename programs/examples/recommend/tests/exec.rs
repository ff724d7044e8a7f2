//! Runs under the example's policy, against the answers computed in another language.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use veracruz_example::{Example, shared};

const FOLDER: &str = env!("CARGO_MANIFEST_DIR");
const NORTH: &str = "/input/north.csv";
const SOUTH: &str = "/input/south.csv";

#[test]
fn both_shops_find_more_together_than_alone() {
    let Some(example) = Example::find(FOLDER) else {
        return;
    };
    let run = example.run().succeeded();
    example.assert_answers(&run);
    assert_better(&run.json("/output/evaluation.json"));
}

#[test]
fn each_shop_gets_its_own_items_for_its_own_customers() {
    let Some(example) = Example::find(FOLDER) else {
        return;
    };
    let run = example.run().succeeded();
    let log: BTreeSet<(String, String)> = rows(&example.provided(NORTH));
    let customers: BTreeSet<&String> = log.iter().map(|(user, _)| user).collect();
    let items: BTreeSet<&String> = log.iter().map(|(_, item)| item).collect();
    let text = run.text("/output/north.csv");
    assert!(text.lines().count() > customers.len());
    for line in text.lines().skip(1) {
        let fields: Vec<String> = line.split(',').map(str::to_owned).collect();
        let [user, _, item] = fields.try_into().unwrap();
        assert!(customers.contains(&user) && items.contains(&item), "{line}");
        assert!(!log.contains(&(user, item)), "{line}");
    }
}

#[test]
fn real_logs_give_the_expected_pairs_and_are_better_together() {
    let logs = ["a_technical", "b_general"]
        .map(|name| shared(&format!("recommender/service_{name}_clicks.csv")));
    let ([Some(a), Some(b)], Some(answers)) = (logs, shared("recommender/expected.json")) else {
        return;
    };
    let Some(example) = Example::find(FOLDER) else {
        return;
    };
    let read = |path| std::fs::read_to_string(path).unwrap();
    let (a, b) = (read(a), read(b));
    let example = example.input(NORTH, a.clone()).input(SOUTH, b);
    let example = example.arguments(["--minimum", "1", "--top", "5"]);
    let run = example.run().succeeded();
    assert_better(&run.json("/output/evaluation.json"));

    let expected: Value = serde_json::from_str(&read(answers)).unwrap();
    let text = run.text("/output/pairs.csv");
    let mut similar: BTreeMap<&str, Vec<(&str, u64, f64)>> = BTreeMap::new();
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let pair = (
            fields[1],
            fields[2].parse().unwrap(),
            fields[3].parse().unwrap(),
        );
        similar.entry(fields[0]).or_default().push(pair);
    }
    let top = &expected["top10_cross_cosine_min50"];
    for pair in top.as_array().unwrap() {
        let found = similar[pair[0].to_string().as_str()].iter();
        let second = pair[1].to_string();
        let mut found = found.filter(|(item, _, _)| *item == second);
        let (_, users, cosine) = found.next().unwrap();
        assert_eq!(Some(*users), pair[2].as_u64());
        assert!((cosine - pair[3].as_f64().unwrap()).abs() < 1e-6);
    }
    // What both learn is enough to recommend across: user 10002, whom only A knows.
    let mut scores: BTreeMap<&str, f64> = BTreeMap::new();
    let clicks = rows(&a);
    for (_, item) in clicks.iter().filter(|(user, _)| user == "10002") {
        for (other, _, cosine) in similar.get(item.as_str()).into_iter().flatten() {
            *scores.entry(other).or_default() += cosine;
        }
    }
    let mut ranked: Vec<(&str, f64)> = scores.into_iter().collect();
    ranked.sort_by(|(_, left), (_, right)| right.total_cmp(left));
    let found: Vec<&str> = ranked.iter().take(5).map(|(item, _)| *item).collect();
    assert_eq!(found, ["1018", "1004", "1017", "1009", "1008"]);
}

#[test]
fn pairs_of_few_people_are_not_told() {
    let Some(example) = Example::find(FOLDER) else {
        return;
    };
    let example = example
        .input(NORTH, "user_id,item_id\nann,1\nben,1\ncat,2\n")
        .input(SOUTH, "item_id,user_id\nx,ann\nx,ben\ny,cat\nx,ann\n")
        .arguments(["--minimum", "2"]);
    let run = example.run().succeeded();
    let expected = "first,second,users,similarity\n1,x,2,1.000000\n";
    assert_eq!(run.text("/output/pairs.csv"), expected);
}

#[test]
fn refuses_malformed_clicks_of_either_shop_and_names_them() {
    for (path, text, failure) in [
        (
            NORTH,
            "user_id,item_id\nann,1\nben\n",
            ", line 3: expected 2 fields, as in the header, found 1",
        ),
        (
            NORTH,
            "user,item\nann,1\n",
            ", line 1: the header has no column `user_id`",
        ),
        (
            SOUTH,
            "user_id,item_id\n,1\n",
            ", line 2: `user_id` should not be empty",
        ),
        (
            SOUTH,
            "user_id,item_id\nann,\n",
            ", line 2: `item_id` should not be empty",
        ),
    ] {
        let Some(example) = Example::find(FOLDER) else {
            return;
        };
        example.assert_refuses(path, text, failure);
    }
}

#[expect(clippy::unwrap_used, reason = "a helper of tests")]
fn rows(text: &str) -> BTreeSet<(String, String)> {
    let lines = text.lines().skip(1);
    let pairs = lines.map(|line| line.split_once(',').unwrap());
    pairs
        .map(|(user, item)| (user.to_owned(), item.to_owned()))
        .collect()
}

#[expect(clippy::unwrap_used, reason = "a helper of tests")]
fn assert_better(evaluation: &Value) {
    for (shop, numbers) in evaluation.as_object().unwrap() {
        let number = |name: &str| numbers[name].as_u64().unwrap();
        let (alone, together) = (number("found_alone"), number("found_together"));
        println!(
            "{shop}: of {} hidden clicks, {alone} found alone, {together} together",
            number("hidden")
        );
        assert!(
            together > alone,
            "{shop}: {alone} alone, {together} together"
        );
    }
}
