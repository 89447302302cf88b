//! `x428 withdraw send`

use std::process::ExitCode;

use anyhow::anyhow;
use clap::Args;
use x428::{
    wire::withdrawal::{
        Address, ChallengeStatus, ClientReference, Memo, PositiveDecimal, WithdrawalRequest,
    },
    withdrawal::{
        client::{ClientError, Pending},
        decimal::Decimal,
    },
};

use super::{
    Interrupt, Session, State,
    approve::{self, Terminal, Way},
    explain::explained,
    follow::follow,
    quote::{What, price, priced},
    show,
    supply::travel_rule,
};
use crate::{
    advice::Advise as _,
    consent,
    output::{Output, harmless_line},
    report,
};

#[derive(Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    what: What,
    /// Where to
    #[arg(value_name = "ADDRESS")]
    address: Address,
    /// The memo, destination tag or payment id
    #[arg(long, value_name = "TEXT")]
    memo: Option<Memo>,
    /// A name for your own records
    #[arg(long, value_name = "TEXT")]
    reference: Option<ClientReference>,
    /// Travel Rule data, as JSON
    #[arg(long, value_name = "FILE")]
    travel_rule: Option<String>,
    /// Do not ask before it is sent
    #[arg(long, short)]
    yes: bool,
    /// How you approve it if the exchange asks; several if it asks for several. Codes are read from
    /// standard input
    #[arg(long, value_enum, value_name = "WAY", value_delimiter = ',')]
    approve: Vec<Way>,
    /// Do not follow it once it is created
    #[arg(long)]
    no_wait: bool,
    /// Send it although the same, or another one, was begun before and is not settled
    #[arg(long)]
    again: bool,
    #[command(flatten)]
    state: State,
    #[command(flatten)]
    output: Output,
}

pub(super) async fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let travel_rule = match &arguments.travel_rule {
        None => None,
        Some(path) => Some(travel_rule(path)?),
    };
    if !arguments.yes && !consent::is_someone_there() {
        return anyhow!("nobody is at a terminal to be asked, and nothing was sent")
            .advise("--yes sends without asking");
    }
    let session = Session::open(&arguments.state).await?;
    let kept = session.client.pending().await?;
    if !arguments.again {
        if let Some(pending) = kept.iter().find(|kept| is_same(kept, arguments)) {
            report::say(&format!("begun before: {}", show::pending(pending)));
            report::say("help: --again sends another one");
            if !confirmed(arguments.yes, "Go on with it? [yes / no]").await {
                report::say("nothing more was sent");
                return Ok(ExitCode::FAILURE);
            }
            return settle(&session, pending.clone(), arguments).await;
        }
        if !is_another_wanted(&kept).await? {
            report::say("nothing more was sent");
            return Ok(ExitCode::FAILURE);
        }
    }
    let what = &arguments.what;
    let (network, quote) = match priced(&session, what, Some(&arguments.address)).await? {
        Ok(priced) => priced,
        Err(error) => return explained(&error),
    };
    let mut request = WithdrawalRequest::new(
        what.asset.clone(),
        network.clone(),
        what.amount.clone(),
        arguments.address.clone(),
    );
    request.memo.clone_from(&arguments.memo);
    request.client_reference.clone_from(&arguments.reference);
    request.fee_mode = what.fee_mode();
    request.travel_rule = travel_rule;
    request.quote_id = Some(quote.quote_id.clone());
    report::say(&shown(&session, &request, &price(what, &network, &quote)));
    if !confirmed(arguments.yes, "Send it? [yes / no]").await {
        report::say("nothing was sent");
        return Ok(ExitCode::FAILURE);
    }
    settle(&session, Pending::new(&request)?, arguments).await
}

async fn settle(
    session: &Session,
    pending: Pending,
    arguments: &Arguments,
) -> anyhow::Result<ExitCode> {
    let terminal = Terminal::new(&arguments.approve);
    let waits = !arguments.no_wait;
    let mut interrupt = Interrupt::listen()?;
    submit(
        session,
        pending,
        &terminal,
        waits,
        &mut interrupt,
        &arguments.output,
    )
    .await
}

/// Submits, asks for approval, and follows the withdrawal. It is forgotten here when the person has
/// seen what became of it.
pub(super) async fn submit(
    session: &Session,
    pending: Pending,
    terminal: &Terminal,
    waits: bool,
    interrupt: &mut Interrupt,
    output: &Output,
) -> anyhow::Result<ExitCode> {
    let key = pending.key().clone();
    let outcome = tokio::select! {
        outcome = session.client.submit(pending, terminal) => outcome,
        () = interrupt.pressed() => {
            report::say("interrupted; it is not known whether it was sent");
            report::say("help: `x428 withdraw resume` goes on, and sends nothing twice");
            return Ok(ExitCode::from(super::OPEN));
        }
    };
    let code = match outcome {
        Ok(created) if waits => {
            let id = created.id().clone();
            follow(session, &id, Some(created), interrupt, output).await?
        }
        Ok(created) => {
            output.give(&show::json(&created), &show::withdrawal(&created))?;
            ExitCode::SUCCESS
        }
        Err(error) => {
            if is_over(&error) {
                // What may have been sent stays.
                let _ = session.client.forget(&key).await;
            }
            explained(&error)?
        }
    };
    session.held.seen().await?;
    Ok(code)
}

async fn confirmed(yes: bool, question: &str) -> bool {
    yes || approve::line(question).await.as_deref() == Some("yes")
}

/// Whether there is to be one more beside those of which it is not known whether they were sent: it
/// may be the same with a slip in it. `--yes` was not said of that.
async fn is_another_wanted(kept: &[Pending]) -> anyhow::Result<bool> {
    let mut is_certain = true;
    for pending in kept.iter().filter(|pending| pending.is_unanswered()) {
        report::say(&format!("begun before: {}", show::pending(pending)));
        is_certain = false;
    }
    if is_certain {
        return Ok(true);
    }
    if !consent::is_someone_there() {
        return anyhow!("it is not known what became of another one, and nothing more was sent")
            .advise(
                "`x428 withdraw resume` finds out; `x428 withdraw forget --unseen KEY` gives it \
                 up; --again sends this one beside it",
            );
    }
    Ok(confirmed(false, "Send another one? [yes / no]").await)
}

/// Whether an error says that no withdrawal was made. The proof of a challenge that is consumed may
/// have made one.
fn is_over(error: &ClientError) -> bool {
    match error {
        ClientError::ChallengeEnded(status) => *status != ChallengeStatus::Consumed,
        ClientError::GivenUp | ClientError::Refused(_) => true,
        _ => false,
    }
}

/// Whether a submission that is kept is what is asked for again. Its quote was another one, and its
/// amount and address may have been written otherwise.
fn is_same(kept: &Pending, arguments: &Arguments) -> bool {
    let Ok(request) = kept.request() else {
        return false;
    };
    let what = &arguments.what;
    let network = what.network.as_ref();
    request.asset == what.asset
        && is_same_amount(&request.amount, &what.amount)
        && is_same_address(&request.address, &arguments.address)
        && request.memo == arguments.memo
        && request.fee_mode == what.fee_mode()
        && request.client_reference == arguments.reference
        && network.is_none_or(|network| *network == request.network)
}

fn is_same_amount(one: &PositiveDecimal, other: &PositiveDecimal) -> bool {
    match (Decimal::try_from(one), Decimal::try_from(other)) {
        (Ok(one), Ok(other)) => one == other,
        _ => one == other,
    }
}

/// Addresses of most networks have no case, or only one as a checksum. Where it counts, an address
/// in another case is a slip.
fn is_same_address(one: &Address, other: &Address) -> bool {
    one.as_str().eq_ignore_ascii_case(other.as_str())
}

fn shown(session: &Session, request: &WithdrawalRequest, price: &str) -> String {
    let name = &session.client.discovered().exchange.name;
    let mut lines = vec![
        format!("from      {} ({})", name.as_str(), session.account.issuer),
        format!("to        {}", request.address),
    ];
    if let Some(memo) = &request.memo {
        lines.push(format!("memo      {memo}"));
    }
    let lines: Vec<String> = lines.iter().map(|line| harmless_line(line)).collect();
    format!("{}\n{price}", lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use clap::Parser;
    use x428::wire::withdrawal::{AssetCode, NetworkCode};

    use super::*;

    const ADDRESS: &str = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        arguments: Arguments,
    }

    fn kept() -> Pending {
        let request = WithdrawalRequest::new(
            AssetCode::parse("ETH").unwrap(),
            NetworkCode::parse("ethereum").unwrap(),
            PositiveDecimal::parse("0.2").unwrap(),
            Address::parse(ADDRESS).unwrap(),
        );
        Pending::new(&request).unwrap()
    }

    fn is_same_as(line: &str) -> bool {
        let words = std::iter::once("send").chain(line.split(' '));
        let command = Command::try_parse_from(words).unwrap();
        is_same(&kept(), &command.arguments)
    }

    #[test]
    fn the_same_is_the_same_however_it_is_written() {
        let lower = ADDRESS.to_ascii_lowercase();
        for line in [
            format!("0.2 ETH {ADDRESS}"),
            format!("0.20 ETH {ADDRESS} --network ethereum"),
            format!("0.200 ETH {lower}"),
        ] {
            assert!(is_same_as(&line), "{line}");
        }
        for line in [
            format!("0.02 ETH {ADDRESS}"),
            format!("0.2 USDC {ADDRESS}"),
            format!("0.2 ETH {ADDRESS}0"),
            format!("0.2 ETH {ADDRESS} --network base"),
            format!("0.2 ETH {ADDRESS} --memo 7"),
            format!("0.2 ETH {ADDRESS} --inclusive"),
        ] {
            assert!(!is_same_as(&line), "{line}");
        }
    }

    #[test]
    fn a_key_is_kept_while_its_proof_may_have_been_used() {
        assert!(is_over(&ClientError::GivenUp));
        for (status, over) in [
            (ChallengeStatus::Denied, true),
            (ChallengeStatus::Expired, true),
            (ChallengeStatus::Consumed, false),
        ] {
            assert_eq!(is_over(&ClientError::ChallengeEnded(status)), over);
        }
        assert!(!is_over(&ClientError::ConsentNeeded));
    }
}
