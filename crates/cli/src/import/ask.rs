//! Calls in few words: the service, the client's method, the request.

use super::line::Trouble;
use crate::client::reason;

/// The story that the acts belong to which are no single learner's.
pub const STORY: &str = "oulad-catalogue";

/// Calls with a request id that is the same for the same request; gives the reply.
macro_rules! same {
    ($line:expr, $client:ident :: $method:ident, $request:expr) => {{
        let request = $request;
        let key = [concat!(stringify!($method), " ").as_bytes(), &prost::Message::encode_to_vec(&request)].concat();
        let id = uuid::Uuid::new_v5(&crate::import::oulad::REQUESTS, &key);
        crate::import::ask::ask!($line, Some(id), $client::$method, request)
    }};
}

/// Calls without a request id: what is so already is told by the state, not by the request.
macro_rules! fresh {
    ($line:expr, $client:ident :: $method:ident, $request:expr) => {
        crate::import::ask::ask!($line, None, $client::$method, $request)
    };
}

macro_rules! ask {
    ($line:expr, $id:expr, $client:ident :: $method:ident, $request:expr) => {{
        let story = crate::import::ask::STORY;
        let label = crate::import::line::Label { request_id: $id, correlation_id: story, connection: 0 };
        $line
            .call(label, &$request, |channel, request| async move { $client::new(channel).$method(request).await })
            .await
    }};
}

pub(crate) use {ask, fresh, same};

/// Whether a service said no for this reason.
pub fn is_refused(trouble: &Trouble, wanted: &str) -> bool {
    match trouble {
        Trouble::Refused(status) => reason(status).is_some_and(|it| it == wanted),
        Trouble::Stop(_) => false,
    }
}
