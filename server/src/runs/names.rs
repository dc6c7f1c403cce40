//! Names for runs whose maker gave none: an adjective, an animal, a number.

const ADJECTIVES: [&str; 40] = [
    "able", "amused", "bald", "bold", "brave", "calm", "charming", "chill", "clean", "clever", "curious", "dapper", "eager", "fast",
    "fearless", "gentle", "glad", "grand", "handy", "honest", "jolly", "kind", "lively", "loyal", "lucky", "merry", "mighty", "neat",
    "nimble", "patient", "placid", "polite", "quick", "rare", "serious", "silent", "smart", "sturdy", "vivid", "wise",
];
const NOUNS: [&str; 40] = [
    "ant", "ape", "auk", "bass", "bat", "bear", "bee", "bird", "boar", "bug", "calf", "carp", "cat", "cod", "colt", "crab", "crane",
    "crow", "deer", "dog", "dove", "duck", "eel", "elk", "finch", "fish", "fox", "frog", "goat", "hare", "hawk", "koi", "lark", "lynx",
    "mole", "moose", "owl", "seal", "shark", "wren",
];

/// A name such as `nimble-wren-417`.
pub fn random() -> String {
    let pick = |words: &[&'static str]| words[rand::random_range(0..words.len())];
    format!("{}-{}-{}", pick(&ADJECTIVES), pick(&NOUNS), rand::random_range(0..1000))
}
