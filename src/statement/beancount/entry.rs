//! Entries of a Beancount file: the line of a day and a flag, metadata, postings.

use super::tokens::{Line, Token};
use super::{Reader, number, text_of};
use crate::ledger::{Tag, TransactionStatus};
use crate::money::Decimal;
use crate::statement::StatementError;
use crate::statement::book::double_entry::{Entry, Moves, Posting, Value};
use crate::statement::book::{self, bad_field};
use jiff::civil::Date;

impl Reader {
    /// Reads an entry.
    pub(super) fn entry(
        &mut self,
        day: Date,
        flag: Option<char>,
        rest: &[Token<'_>],
        line: &Line<'_>,
        below: &[Line<'_>],
    ) -> Result<(), StatementError> {
        let mut texts = Vec::new();
        let mut own_tags = Vec::new();
        for token in rest {
            match token {
                Token::Text(text) => texts.push(text.as_str()),
                Token::Tag(tag) => own_tags.push(*tag),
                Token::Link(_) | Token::Mark('|') => {}
                _ => return Err(line.unreadable("there is more on this line than can be read")),
            }
        }
        let (payee, memo) = match texts.as_slice() {
            [] => ("", None),
            [only] => (*only, None),
            // An empty payee leaves the narration to say what it was.
            ["", memo] if !self.is_ours => (*memo, None),
            [payee, memo] => (*payee, Some((*memo).to_owned()).filter(|memo| !memo.is_empty())),
            _ => return Err(line.unreadable("an entry has more than two texts")),
        };
        let mut made = Entry {
            line: line.number,
            shown: line.text.to_owned(),
            posted: day,
            payee: payee.to_owned(),
            payee_raw: None,
            memo,
            reference: None,
            status: if flag == Some('!') { TransactionStatus::Pending } else { TransactionStatus::Posted },
            bank_id: None,
            tags: self.tags(&own_tags),
            opening: None,
            postings: Vec::new(),
        };
        for line in below {
            match line.tokens.as_slice() {
                [Token::Key(_), ..] => match made.postings.last_mut() {
                    Some(posting) if self.is_ours => posting_meta(line, posting)?,
                    None if self.is_ours => entry_meta(line, &mut made)?,
                    _ => {}
                },
                tokens if tokens.iter().all(|token| matches!(token, Token::Tag(_) | Token::Link(_))) => {
                    let tags = tokens
                        .iter()
                        .filter_map(|token| if let Token::Tag(tag) = token { Some(*tag) } else { None });
                    made.tags.extend(tags.filter_map(|tag| Tag::parse(tag).ok()));
                }
                [Token::Mark(_), rest @ ..] => made.postings.push(self.posting(line, rest)?),
                [Token::Currency(flag), rest @ ..] if flag.len() == 1 => {
                    made.postings.push(self.posting(line, rest)?)
                }
                tokens => made.postings.push(self.posting(line, tokens)?),
            }
        }
        self.ledger.entries.push(made);
        Ok(())
    }

    fn posting(&mut self, line: &Line<'_>, tokens: &[Token<'_>]) -> Result<Posting, StatementError> {
        let [Token::Account(name), rest @ ..] = tokens else {
            return Err(line.unreadable("this is no posting"));
        };
        let account = self.account(name);
        let moves = moves(line, rest)?;
        Ok(Posting { line: line.number, account, moves, memo: None, category: None })
    }
}

fn entry_meta(line: &Line<'_>, made: &mut Entry) -> Result<(), StatementError> {
    let text = |key: &str| text_of(line, key);
    if let Some(raw) = text("as-written") {
        made.payee_raw = Some(raw);
    } else if let Some(reference) = text("reference") {
        made.reference = Some(reference);
    } else if let Some(id) = text("bank-id") {
        made.bank_id = Some(id);
    } else if let Some(opening) = text("opening") {
        made.opening = Some(opening == "derived");
    } else if text("status").as_deref() == Some("reconciled") {
        made.status = TransactionStatus::Reconciled;
    } else if let Some(words) = text("tags") {
        for word in words.split(' ').filter(|word| !word.is_empty()) {
            made.tags.push(book::tag(line.number, line.text, word)?);
        }
    }
    // The ledger keeps them in order of the alphabet.
    made.tags.sort_by_key(Tag::folded);
    Ok(())
}

fn posting_meta(line: &Line<'_>, posting: &mut Posting) -> Result<(), StatementError> {
    if let Some(path) = text_of(line, "category") {
        posting.category = Some(book::category(line.number, line.text, &path)?.to_string());
    } else if let Some(memo) = text_of(line, "memo") {
        posting.memo = Some(memo);
    }
    Ok(())
}

/// What stands behind an account: nothing, or an amount with its cost and price.
fn moves(line: &Line<'_>, tokens: &[Token<'_>]) -> Result<Moves, StatementError> {
    if tokens.is_empty() {
        return Ok(Moves::Rest);
    }
    let (units, rest) = number(line, tokens)?;
    let [Token::Currency(commodity), rest @ ..] = rest else {
        return Err(line.unreadable("the amount has no currency"));
    };
    let amount = Value { number: units, commodity: (*commodity).to_owned() };
    let (cost, rest) = cost(line, rest, units)?;
    let (price, rest) = price(line, rest, units)?;
    if !rest.is_empty() {
        return Err(line.unreadable("there is more on this line than can be read"));
    }
    let weight = match (cost, price) {
        (Cost::Known(weight), _) => weight,
        (Cost::Elsewhere, _) => {
            return Err(bad_field(
                line.number,
                line.text,
                "the cost of the lot is not written here, so what it weighs is not known",
                "write the cost between the braces",
            ));
        }
        (Cost::None, Some(weight)) => weight,
        (Cost::None, None) => amount.clone(),
    };
    Ok(Moves::Amount { amount, weight })
}

/// What a lot cost.
enum Cost {
    None,
    Known(Value),
    /// It is to be found among the lots that were bought before.
    Elsewhere,
}

fn cost<'t, 'a>(
    line: &Line<'_>,
    tokens: &'t [Token<'a>],
    units: Decimal,
) -> Result<(Cost, &'t [Token<'a>]), StatementError> {
    let (is_total, close, rest) = match tokens {
        [Token::OpenTotal, rest @ ..] => (true, Token::CloseTotal, rest),
        [Token::Mark('{'), rest @ ..] => (false, Token::Mark('}'), rest),
        rest => return Ok((Cost::None, rest)),
    };
    let end = rest
        .iter()
        .position(|token| *token == close)
        .ok_or_else(|| line.unreadable("a cost is not closed"))?;
    let (inside, after) = rest.split_at(end);
    let after = after.get(1..).unwrap_or_default();
    for part in inside.split(|token| *token == Token::Mark(',')) {
        match part {
            [Token::Number(_), ..] | [Token::Mark('-' | '+'), ..] => {
                let (each, rest) = number(line, part)?;
                let [Token::Currency(commodity)] = rest else {
                    return Err(line.unreadable("a cost is written in a way that is not read"));
                };
                let number = if is_total { signed_like(each, units) } else { product(line, units, each)? };
                let commodity = (*commodity).to_owned();
                return Ok((Cost::Known(Value { number, commodity }), after));
            }
            _ => {}
        }
    }
    Ok((Cost::Elsewhere, after))
}

fn price<'t, 'a>(
    line: &Line<'_>,
    tokens: &'t [Token<'a>],
    units: Decimal,
) -> Result<(Option<Value>, &'t [Token<'a>]), StatementError> {
    let (is_total, rest) = match tokens {
        [Token::AtAt, rest @ ..] => (true, rest),
        [Token::At, rest @ ..] => (false, rest),
        rest => return Ok((None, rest)),
    };
    let (each, rest) = number(line, rest)?;
    let [Token::Currency(commodity), rest @ ..] = rest else {
        return Err(line.unreadable("the price has no currency"));
    };
    let number = if is_total { signed_like(each, units) } else { product(line, units, each)? };
    Ok((Some(Value { number, commodity: (*commodity).to_owned() }), rest))
}

fn signed_like(total: Decimal, units: Decimal) -> Decimal {
    if units.is_negative() == total.is_negative() { total } else { total.negated() }
}

fn product(line: &Line<'_>, units: Decimal, each: Decimal) -> Result<Decimal, StatementError> {
    units.checked_mul_price(each).ok_or_else(|| {
        bad_field(line.number, line.text, "the price and the amount are too large together", "correct them")
    })
}
