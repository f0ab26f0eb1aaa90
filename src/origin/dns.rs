//! Asks the zones of [`cymru`] by DNS, on the runtime of whoever polls it. Dropping a question
//! that is on its way calls it off.

use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::ResolveHosts;
use hickory_resolver::net::NetError;
use hickory_resolver::proto::rr::{RData, RecordType};
use tokio::time::timeout;

use super::cymru;
use super::lookup::{Answer, Question};

/// How long a question may take, tries and servers together.
pub const DEADLINE: Duration = Duration::from_secs(5);
/// How long one try may take, if the system's configuration does not say less.
const TRY: Duration = Duration::from_secs(2);

/// Asks one question.
///
/// The configuration is read anew each time: a watch that goes on for days meets other networks, whose servers
/// are others.
pub async fn ask(question: Question) -> Answer {
    let resolver = match resolver() {
        Ok(resolver) => resolver,
        Err(NetError::Io(error)) => return Answer::Unable(question, format!("/etc/resolv.conf: {error}")),
        Err(error) => return Answer::Unable(question, format!("/etc/resolv.conf: {error}")),
    };
    let query = match question {
        Question::Origin(address) => cymru::origin_query(address),
        Question::Name(number) => cymru::name_query(number),
    };
    let Ok(Ok(found)) = timeout(DEADLINE, resolver.lookup(query, RecordType::TXT)).await else {
        return Answer::Nothing(question);
    };
    // A record may come in several strings (RFC 1035, 3.3.14), which belong together.
    let records = found.answers().iter().filter_map(|record| match &record.data {
        RData::TXT(text) => Some(text.txt_data.concat()),
        _ => None,
    });
    let answer = match question {
        Question::Origin(address) => {
            cymru::origin(records).map(|number| Answer::Origin(address, number, None))
        }
        Question::Name(number) => cymru::name(records).map(|name| Answer::Name(number, name)),
    };
    answer.unwrap_or(Answer::Nothing(question))
}

fn resolver() -> Result<TokioResolver, NetError> {
    let mut builder = TokioResolver::builder_tokio()?;
    let options = builder.options_mut();
    options.timeout = options.timeout.min(TRY);
    options.use_hosts_file = ResolveHosts::Never;
    options.cache_size = 0; // whoever asks keeps the answers
    builder.build()
}
