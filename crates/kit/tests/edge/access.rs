//! Who may call: tokens, roles, one's own, and what everybody else is told.

use super::server::{Running, by, start};
use studium_proto::admin::v1::{
    GetParkedRequest, GetStatusRequest, ListViewsRequest, RebuildViewRequest, TraceRequest,
    admin_service_client::AdminServiceClient,
};
use tonic::{Code, Request, Status, codec::CompressionEncoding, transport::Channel};
use tonic_types::StatusExt as _;

type Client = AdminServiceClient<Channel>;

async fn trace(client: &mut Client, token: &str, id: &str) -> Result<String, Status> {
    let answer = client.trace(by(token, TraceRequest { correlation_id: id.to_owned() })).await?;
    Ok(answer.into_inner().commits.remove(0).subject)
}

async fn started() -> (Running, Client) {
    let running = start().await;
    let client = running.client().await;
    (running, client)
}

#[tokio::test]
async fn without_a_token_only_the_public_is_open() {
    let (_running, mut client) = started().await;
    let refused = client.get_status(GetStatusRequest {}).await.unwrap_err();
    assert_eq!(refused.code(), Code::Unauthenticated);
    let answer = client.get_parked(GetParkedRequest { id: 1 }).await.unwrap().into_inner();
    assert_eq!(answer.payload, "anonymous");
    // A token that is there must be good, also where none is needed.
    let bad = client.get_parked(by("no.such.token", GetParkedRequest { id: 1 })).await.unwrap_err();
    assert_eq!(bad.code(), Code::Unauthenticated);
    let mut basic = Request::new(GetStatusRequest {});
    basic.metadata_mut().insert("authorization", "Basic YW5uOng=".parse().unwrap());
    assert_eq!(client.get_status(basic).await.unwrap_err().code(), Code::Unauthenticated);
}

#[tokio::test]
async fn a_role_lets_pass_and_another_is_told_which_would() {
    let (running, mut client) = started().await;
    let operator = running.token("olga", &["operator"], &[]);
    let answer = client.get_status(by(&operator, GetStatusRequest {})).await.unwrap().into_inner();
    assert_eq!(answer.service, "olga");

    let learner = running.token("ann", &["learner"], &[]);
    let refused = client.get_status(by(&learner, GetStatusRequest {})).await.unwrap_err();
    assert_eq!(refused.code(), Code::PermissionDenied);
    assert!(refused.message().contains("is for operator"), "{}", refused.message());
    let info = refused.get_details_error_info().unwrap();
    assert_eq!((info.reason.as_str(), info.domain.as_str()), ("ACCESS_DENIED", "access.studium"));
    assert_eq!(info.metadata["rpc"], "/studium.admin.v1.AdminService/GetStatus");
}

#[tokio::test]
async fn ones_own_is_ones_own() {
    let (running, mut client) = started().await;
    let ann = running.token("ann", &["learner"], &[]);
    assert_eq!(trace(&mut client, &ann, "ann").await.unwrap(), "ann");
    for other in ["bob", ""] {
        let refused = trace(&mut client, &ann, other).await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied);
        assert!(refused.message().contains("learner whose own subject is `correlation_id`"), "{}", refused.message());
    }
    let staff = running.token("sam", &["staff"], &["uni", "college"]);
    assert_eq!(trace(&mut client, &staff, "college").await.unwrap(), "college");
    assert_eq!(
        trace(&mut client, &staff, "sam").await.unwrap_err().code(),
        Code::PermissionDenied,
        "staff own no subject"
    );
    // Two roles: either way will do.
    let both = running.token("ann", &["learner", "staff"], &["uni"]);
    assert!(trace(&mut client, &both, "ann").await.is_ok() && trace(&mut client, &both, "uni").await.is_ok());
    // A role that needs nothing of its own is not looked at.
    let operator = running.token("olga", &["operator", "learner"], &[]);
    assert_eq!(trace(&mut client, &operator, "bob").await.unwrap(), "bob");

    let rebuilt = client.rebuild_view(by(&staff, RebuildViewRequest { name: "uni".into() })).await.unwrap();
    assert!(rebuilt.into_inner().message().await.unwrap().unwrap().done, "a streamed answer");
}

#[tokio::test]
async fn a_handler_sees_only_roles_that_the_rpc_is_granted_to() {
    let (running, mut client) = started().await;
    let request = || TraceRequest { correlation_id: "ann".into() };
    for (roles, seen) in [
        (&["learner", "registrar", "teacher"][..], "learner"),
        (&["learner", "staff"], "learner staff"),
        (&["service", "operator"], "operator"),
    ] {
        let token = running.token("ann", roles, &["uni"]);
        let answer = client.trace(by(&token, request())).await.unwrap().into_inner();
        assert_eq!(answer.commits[0].actor, seen, "of {roles:?}");
    }
}

#[tokio::test]
async fn what_cannot_be_looked_into_does_not_pass() {
    let (running, client) = started().await;
    let ann = running.token("ann", &["learner"], &[]);
    let mut compressed = client.clone().send_compressed(CompressionEncoding::Gzip);
    let refused = trace(&mut compressed, &ann, "ann").await.unwrap_err();
    assert_eq!(refused.code(), Code::Unimplemented);
    assert!(refused.message().contains("without compression"));
    let mut client = client.max_encoding_message_size(usize::MAX);
    let refused = trace(&mut client, &ann, &"a".repeat(5 << 20)).await.unwrap_err();
    assert_eq!(refused.code(), Code::ResourceExhausted);

    // Two messages in a unary call: the one that was checked need not be the one that is read.
    let url = running.url("/studium.admin.v1.AdminService/Trace");
    let frame = |id: &str| [&[0, 0, 0, 0, id.len() as u8 + 2, 10, id.len() as u8], id.as_bytes()].concat();
    let mut group = frame("bob");
    group[4] += 7;
    group.extend([0x53, 10, 3, b'a', b'n', b'n', 0x54]);
    for (body, code) in [
        (frame("ann"), "0"),
        ([frame("ann"), frame("bob")].concat(), "3"),
        // What lies behind the message is not read by the handler, so it must not be read here either.
        ([frame("bob"), b"\n\x03ann".to_vec()].concat(), "3"),
        (frame("ann")[..7].to_vec(), "3"),
        (vec![], "3"),
        (group, "7"),
    ] {
        let request = reqwest::Client::new()
            .post(&url)
            .header("content-type", "application/grpc")
            .bearer_auth(&ann)
            .body(body.clone());
        let answer = request.send().await.unwrap();
        let told = answer.headers().get("grpc-status").map_or("0", |it| it.to_str().unwrap());
        assert_eq!(told, code, "{body:?}");
    }
}

#[tokio::test]
async fn an_unknown_rpc_is_unimplemented() {
    let (running, _client) = started().await;
    for path in ["/studium.admin.v1.AdminService/Nope", "/studium.no.v1.Service/Do", "/x"] {
        let request = reqwest::Client::new().post(running.url(path)).header("content-type", "application/grpc");
        assert_eq!(request.send().await.unwrap().headers()["grpc-status"], "12", "{path}");
    }
}

#[tokio::test]
async fn a_panic_is_an_internal_error_without_its_text() {
    let (running, mut client) = started().await;
    let operator = running.token("olga", &["operator"], &[]);
    let failed = client.list_views(by(&operator, ListViewsRequest {})).await.unwrap_err();
    assert_eq!(failed.code(), Code::Internal);
    assert!(failed.message().starts_with("internal error (fault ") && !failed.message().contains("roster"));
    assert!(client.get_status(by(&operator, GetStatusRequest {})).await.is_ok(), "the connection lives on");
}

#[tokio::test]
async fn the_trace_goes_on_from_the_caller() {
    let (running, mut client) = started().await;
    let operator = running.token("olga", &["operator"], &[]);
    let given = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let mut request = by(&operator, GetStatusRequest {});
    request.metadata_mut().insert("traceparent", given.parse().unwrap());
    assert_eq!(client.get_status(request).await.unwrap().into_inner().version, given);
    let fresh = client.get_status(by(&operator, GetStatusRequest {})).await.unwrap().into_inner().version;
    assert!(studium_kit::telemetry::is_traceparent(&fresh) && fresh != given);
}
