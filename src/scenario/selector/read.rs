//! From the text of a selector to its parts. Bounded: neither length nor nesting of a text can
//! exhaust anything.

use super::{Part, Property, Selector, SelectorError, What};
use crate::scenario::combine::meant;
use crate::scenario::problem::{clip, nearest};

/// The longest text that is read: a list of a million ids fits.
const LENGTH_MAX: usize = 8 << 20;
/// Brackets inside brackets.
const DEPTH_MAX: usize = 16;
/// The farthest that a distance or a place may be, in millimetres.
const FAR_MM: i64 = 1_000_000_000;
/// Words that stand for themselves, for hints.
const WORDS: [&str; 13] = [
    "all", "banned", "asleep", "awake", "off", "role=", "regime=", "group=", "energy<", "energy>",
    "near=", "first=", "share=",
];

/// Everything that a selector may say, for messages.
pub(super) fn vocabulary() -> String {
    format!("ids, rising ranges of them such as 10-20, {}", WORDS.join(" "))
}

/// A token: an operator, or a word; with its place, counted in characters from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Token {
    text: String,
    at: usize,
}

pub(super) fn selector(text: &str) -> Result<Selector, SelectorError> {
    if text.len() > LENGTH_MAX {
        let why = format!("it has more than {LENGTH_MAX} bytes");
        return Err(SelectorError { word: clip(text, 20), at: 1, why });
    }
    let tokens = tokens(text)?;
    let mut reader = Reader { tokens: &tokens, at: 0, depth: 0 };
    let read = reader.union()?;
    match reader.peek() {
        None => Ok(read),
        Some(token) => Err(wrong(token, "there is no bracket that it closes")),
    }
}

fn wrong(token: &Token, why: impl Into<String>) -> SelectorError {
    SelectorError { word: clip(&token.text, 60), at: token.at, why: why.into() }
}

fn tokens(text: &str) -> Result<Vec<Token>, SelectorError> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut word = Token { text: String::new(), at: 0 };
    let mut quoted = false;
    for (place, letter) in text.chars().enumerate() {
        let at = place + 1;
        let splits = letter.is_whitespace() || matches!(letter, ',' | '&' | '+' | '!' | '(' | ')');
        if letter == '\'' {
            quoted = !quoted;
        }
        if quoted || !splits {
            if word.text.is_empty() {
                word.at = at;
            }
            word.text.push(letter);
            continue;
        }
        if !word.text.is_empty() {
            tokens.push(std::mem::replace(&mut word, Token { text: String::new(), at }));
        }
        if !letter.is_whitespace() && letter != ',' {
            tokens.push(Token { text: letter.to_string(), at });
        }
    }
    if quoted {
        return Err(wrong(&word, "its ' is not closed"));
    }
    if !word.text.is_empty() {
        tokens.push(word);
    }
    Ok(tokens)
}

struct Reader<'a> {
    tokens: &'a [Token],
    at: usize,
    depth: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn union(&mut self) -> Result<Selector, SelectorError> {
        let mut any = Vec::new();
        while self.peek().is_some_and(|token| token.text != ")") {
            any.push(self.both()?);
        }
        Ok(Selector { any })
    }

    fn both(&mut self) -> Result<Vec<Part>, SelectorError> {
        let mut parts = vec![self.one()?];
        while self.peek().is_some_and(|token| matches!(token.text.as_str(), "&" | "+")) {
            self.at += 1;
            parts.push(self.one()?);
        }
        Ok(parts)
    }

    fn one(&mut self) -> Result<Part, SelectorError> {
        let mut not = false;
        loop {
            let Some(token) = self.peek().cloned() else { return Err(self.cut_short()) };
            self.at += 1;
            match token.text.as_str() {
                "!" => not = !not,
                "(" => return Ok(Part { not, what: self.bracket(&token)? }),
                "&" | "+" | ")" => return Err(wrong(&token, "a property must come before it")),
                // Who is awake is not asleep.
                "awake" => return Ok(Part { not: !not, what: What::Is(Property::Asleep) }),
                "role=honest" => {
                    return Ok(Part { not: !not, what: What::Is(Property::Byzantine) });
                }
                _ => return Ok(Part { not, what: what(&token)? }),
            }
        }
    }

    fn bracket(&mut self, open: &Token) -> Result<What, SelectorError> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(wrong(open, format!("brackets are nested more than {DEPTH_MAX} deep")));
        }
        let inner = self.union()?;
        if self.peek().is_none() {
            return Err(wrong(open, "it is not closed"));
        }
        self.at += 1;
        self.depth -= 1;
        Ok(What::Union(inner))
    }

    /// The text ends where a property should be.
    fn cut_short(&self) -> SelectorError {
        let last = self.tokens.last().cloned().unwrap_or(Token { text: String::new(), at: 1 });
        wrong(&last, "a property must follow it")
    }
}

fn what(token: &Token) -> Result<What, SelectorError> {
    let word = token.text.as_str();
    let named = match word {
        "all" => Some(What::All),
        "banned" => Some(What::Is(Property::Banned)),
        "asleep" => Some(What::Is(Property::Asleep)),
        "off" => Some(What::Is(Property::Off)),
        _ => None,
    };
    if let Some(named) = named {
        return Ok(named);
    }
    if word.starts_with(|first: char| first.is_ascii_digit()) {
        return ids(word).ok_or_else(|| wrong(token, "accepted: an id, or a rising range of them"));
    }
    let Some((at, sign)) = word.char_indices().find(|(_, c)| matches!(c, '=' | '<' | '>')) else {
        let hint = meant(nearest(word, WORDS.iter().copied()));
        return Err(wrong(token, format!("no property is called so{hint}")));
    };
    let (name, value) = (word.get(..at).unwrap_or(""), word.get(at + 1..).unwrap_or(""));
    let refused = |accepted: &str| Err(wrong(token, format!("accepted: {accepted}")));
    let none_of = |accepted: &str| {
        let hint = meant(nearest(value, accepted.split([' ', ',']).filter(|word| *word != "or")));
        Err(wrong(token, format!("accepted: {name}={accepted}{hint}")))
    };
    match (name, sign) {
        ("role", '=') => match value {
            "sentinel" => Ok(What::Is(Property::Role(2))),
            "ondemand" => Ok(What::Is(Property::Role(1))),
            "scheduled" => Ok(What::Is(Property::Role(0))),
            "byzantine" => Ok(What::Is(Property::Byzantine)),
            _ => none_of("sentinel, scheduled, ondemand, byzantine or honest"),
        },
        ("regime", '=') => match value {
            "calm" => Ok(What::Is(Property::Regime(0))),
            "prestorm" => Ok(What::Is(Property::Regime(1))),
            "storm" => Ok(What::Is(Property::Regime(2))),
            _ => none_of("calm, prestorm or storm"),
        },
        ("group", '=') => match value.trim_matches('\'') {
            "" => refused("group= and a modality, in '..' where it has spaces"),
            name => Ok(What::Is(Property::Group(name.to_owned()))),
        },
        ("energy", '<' | '>') => match percent(value) {
            Some(limit) if sign == '<' => Ok(What::Is(Property::EnergyBelow(limit))),
            Some(limit) => Ok(What::Is(Property::EnergyAbove(limit))),
            None => refused("energy< or energy> and 0 to 100 percent"),
        },
        ("first", '=') => match value.parse() {
            Ok(count @ 1..) => Ok(What::First(count)),
            _ => refused("first= and a number from 1 on"),
        },
        ("share", '=') => match percent(value) {
            Some(share @ 1..) => Ok(What::Share(share)),
            _ => refused("share= and 1 to 100 percent"),
        },
        ("near", '=') => near(value)
            .map(What::Is)
            .map_or_else(|| refused("near=3:50m or near=120/-40:50m, to 1,000,000 m"), Ok),
        _ => {
            let hint = meant(nearest(&format!("{name}{sign}"), WORDS.iter().copied()));
            Err(wrong(token, format!("no property `{name}` is compared with `{sign}`{hint}")))
        }
    }
}

fn ids(word: &str) -> Option<What> {
    let (from, to) = word.split_once('-').unwrap_or((word, word));
    let (from, to) = (from.parse().ok()?, to.parse().ok()?);
    (from <= to).then_some(What::Ids(from, to))
}

fn percent(value: &str) -> Option<u8> {
    let number: u8 = value.strip_suffix('%').unwrap_or(value).parse().ok()?;
    (number <= 100).then_some(number)
}

/// `3:50m`, or a place on the ground in metres: `120/-40:50m`.
fn near(value: &str) -> Option<Property> {
    let (place, radius) = value.split_once(':')?;
    let radius_mm = metres(radius.strip_suffix('m').unwrap_or(radius)).filter(|mm| *mm >= 0)?;
    match place.split_once('/') {
        Some((x, z)) => {
            let (x_mm, z_mm) = (metres(x)?, metres(z)?);
            Some(Property::NearPlace { x_mm, z_mm, radius_mm })
        }
        None => Some(Property::NearNode { node: place.parse().ok()?, radius_mm }),
    }
}

/// A decimal number of metres, such as `-12.5`, in millimetres; exact.
fn metres(text: &str) -> Option<i64> {
    let (negative, digits) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > 9 || part.len() > 3 || !all_digits(whole) {
        return None;
    }
    if !all_digits(part) {
        return None;
    }
    let mut mm = whole.parse::<i64>().ok()? * 1_000;
    mm += format!("{part:0<3}").parse::<i64>().ok()?;
    (mm <= FAR_MM).then_some(if negative { -mm } else { mm })
}
