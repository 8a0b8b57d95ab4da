//! Logs and traces: JSON lines with trace ids always, spans to a collector only where one is named.

use anyhow::Context as _;
use http::{HeaderMap, HeaderValue};
use opentelemetry::{
    Context, KeyValue,
    trace::{SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState, TracerProvider as _},
};
use opentelemetry_otlp::{SpanExporter, WithTonicConfig as _};
use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};
use std::{
    env, io,
    sync::atomic::{AtomicBool, Ordering},
};
use tonic::transport::ClientTlsConfig;
use tracing::{Span, field::Empty};
use tracing_opentelemetry::OpenTelemetrySpanExt as _;
use tracing_subscriber::{EnvFilter, Layer as _, layer::SubscriberExt as _, util::SubscriberInitExt as _};

/// Name of the W3C trace context header.
pub const TRACEPARENT: &str = "traceparent";

/// Where the trace id stands in a `traceparent`.
const TRACE_ID: std::ops::Range<usize> = 3..35;

/// Spans go to a collector; while false, nothing of OpenTelemetry runs.
static EXPORTING: AtomicBool = AtomicBool::new(false);

/// Logs and traces of this process; ends with what is still to be sent.
#[must_use = "call `shutdown` at the end, or the last spans are lost"]
pub struct Telemetry {
    tracer: Option<SdkTracerProvider>,
}

/// Starts logging to stdout (`RUST_LOG`, default `info`; `STUDIUM_LOG=text` for people) and, where
/// `OTEL_EXPORTER_OTLP_ENDPOINT` names a collector, tracing to it (gRPC). The first call in a process counts.
///
/// # Errors
/// When the collector's address or `RUST_LOG` cannot be used.
pub fn init(service: &'static str) -> anyhow::Result<Telemetry> {
    let wanted = env::var("RUST_LOG").unwrap_or_else(|_| "info".to_owned());
    let filter =
        EnvFilter::try_new(&wanted).with_context(|| format!("RUST_LOG=`{wanted}` is no log filter; try `info`"))?;
    // A line that cannot be written, on a full disk for example, is lost; saying so on stderr would panic there, too.
    let logs = tracing_subscriber::fmt::layer().with_writer(io::stdout).log_internal_errors(false);
    let logs = match env::var("STUDIUM_LOG").as_deref() {
        Ok("text") => logs.with_filter(filter).boxed(),
        Ok("json") | Err(_) => logs.json().flatten_event(true).with_current_span(false).with_filter(filter).boxed(),
        Ok(other) => anyhow::bail!("STUDIUM_LOG=`{other}` is unknown; choose json or text"),
    };
    let exporting = env::var("OTEL_EXPORTER_OTLP_ENDPOINT").is_ok_and(|it| !it.is_empty());
    let tracer = if exporting { Some(tracer(service)?) } else { None };
    let spans = tracer.as_ref().map(|it| {
        // The exporter's own calls are never traced: that would go round in circles.
        let quiet = EnvFilter::new("info,h2=off,hyper=off,tonic=off,tower=off,opentelemetry=off");
        tracing_opentelemetry::layer().with_tracer(it.tracer(service)).with_filter(quiet)
    });
    // Several services may run in one process, as in tests: the first one's set-up serves all.
    if tracing_subscriber::registry().with(spans).with(logs).try_init().is_ok() {
        EXPORTING.store(exporting, Ordering::Relaxed);
        Ok(Telemetry { tracer })
    } else {
        Ok(Telemetry { tracer: None })
    }
}

fn tracer(service: &'static str) -> anyhow::Result<SdkTracerProvider> {
    let mut exporter = SpanExporter::builder().with_tonic();
    // Only where it is needed: a machine without any certificate authorities may still speak plainly.
    if !is_plain(&env::var("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT").or_else(|_| env::var("OTEL_EXPORTER_OTLP_ENDPOINT"))?)
    {
        exporter = exporter.with_tls_config(ClientTlsConfig::new().with_native_roots());
    }
    let exporter = exporter.build().context(
        "spans cannot be sent to OTEL_EXPORTER_OTLP_ENDPOINT; write it as http://127.0.0.1:4317, or as \
         https://collector.example:4317 for one whose certificate this machine trusts (SSL_CERT_FILE adds authorities)",
    )?;
    let mut resource = Resource::builder().with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")));
    if env::var_os("OTEL_SERVICE_NAME").is_none() {
        resource = resource.with_service_name(format!("studium-{service}"));
    }
    Ok(SdkTracerProvider::builder().with_resource(resource.build()).with_batch_exporter(exporter).build())
}

/// Whether an endpoint is spoken to without TLS.
fn is_plain(endpoint: &str) -> bool {
    endpoint.trim_start().get(..7).is_some_and(|it| it.eq_ignore_ascii_case("http://"))
}

impl Telemetry {
    /// Sends what is still to be sent, 5 s at most.
    pub async fn shutdown(self) {
        let Some(tracer) = self.tracer else { return };
        // It blocks, so it must not hold up the runtime that carries its own connection.
        let sent = tokio::task::spawn_blocking(move || tracer.shutdown());
        if let Ok(Ok(Err(e))) = tokio::time::timeout(std::time::Duration::from_secs(5), sent).await {
            tracing::warn!(error = %e, "the last spans were not sent");
        }
    }
}

/// The trace context of the current span; none when no spans are exported.
pub fn traceparent_of_current_span() -> Option<String> {
    if EXPORTING.load(Ordering::Relaxed) { traceparent_of(&Span::current()) } else { None }
}

/// Makes a span, before it is entered, a child of a trace context that was stored or sent.
/// Does nothing when no spans are exported.
pub fn continue_from(span: &Span, traceparent: &str) {
    if !EXPORTING.load(Ordering::Relaxed) {
        return;
    }
    if let Some(parent) = parse(traceparent) {
        // Fails only for a span that the filter dropped, which has no children either.
        let _ = span.set_parent(Context::new().with_remote_span_context(parent));
    }
}

/// A trace context that nobody has used yet, sampled.
pub fn fresh_traceparent() -> String {
    // Neither may be 0, and a random number of this size is not.
    format!("00-{:032x}-{:016x}-01", rand::random::<u128>(), rand::random::<u64>())
}

/// Whether a text is a trace context (version 00).
pub fn is_traceparent(text: &str) -> bool {
    let hex = |range: &str| range.bytes().all(|it| it.is_ascii_digit() || (b'a'..=b'f').contains(&it));
    let zero = |range: &str| range.bytes().all(|it| it == b'0');
    if text.len() != 55 || !text.is_ascii() {
        return false;
    }
    let (trace, span, flags) = (&text[TRACE_ID], &text[36..52], &text[53..]);
    text.starts_with("00-")
        && text[35..36] == *"-"
        && text[52..53] == *"-"
        && hex(trace)
        && hex(span)
        && hex(flags)
        && !zero(trace)
        && !zero(span)
}

/// The span of one rpc, child of the incoming trace or the start of one.
/// Without an exporter a fresh trace context is put into the headers, so that log and commit name the same.
pub(crate) fn rpc_span(path: &str, headers: &mut HeaderMap) -> Span {
    let name = path.trim_start_matches('/');
    let given = headers.get(TRACEPARENT).and_then(|it| it.to_str().ok()).filter(|it| is_traceparent(it));
    if let Some(given) = given {
        let span = tracing::info_span!("rpc", "otel.name" = name, "otel.kind" = "server", trace_id = &given[TRACE_ID]);
        continue_from(&span, given);
        return span;
    }
    if EXPORTING.load(Ordering::Relaxed) {
        let span = tracing::info_span!("rpc", "otel.name" = name, "otel.kind" = "server", trace_id = Empty);
        if let Some(made) = traceparent_of(&span) {
            span.record("trace_id", &made[TRACE_ID]);
        }
        return span;
    }
    let fresh = fresh_traceparent();
    let span = tracing::info_span!("rpc", "otel.name" = name, "otel.kind" = "server", trace_id = &fresh[TRACE_ID]);
    if let Ok(value) = HeaderValue::try_from(fresh) {
        headers.insert(TRACEPARENT, value);
    }
    span
}

fn traceparent_of(span: &Span) -> Option<String> {
    let context = span.context();
    let context = context.span().span_context().clone();
    context
        .is_valid()
        .then(|| format!("00-{}-{}-{:02x}", context.trace_id(), context.span_id(), context.trace_flags().to_u8()))
}

fn parse(traceparent: &str) -> Option<SpanContext> {
    if !is_traceparent(traceparent) {
        return None;
    }
    let trace = TraceId::from_hex(&traceparent[TRACE_ID]).ok()?;
    let span = SpanId::from_hex(&traceparent[36..52]).ok()?;
    let flags = TraceFlags::new(u8::from_str_radix(&traceparent[53..], 16).ok()?);
    Some(SpanContext::new(trace, span, flags, true, TraceState::default()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used)]

    use super::*;

    #[test]
    fn trace_contexts_are_told_from_other_texts() {
        let fresh = fresh_traceparent();
        assert!(is_traceparent(&fresh));
        let read = parse(&fresh).unwrap();
        assert_eq!(format!("00-{}-{}-01", read.trace_id(), read.span_id()), fresh);
        for bad in ["", "00", &fresh.replace("00-", "ff-"), &fresh.to_uppercase().replace('1', "G"), &"é".repeat(28)] {
            assert!(!is_traceparent(bad), "{bad}");
        }
        assert!(!is_traceparent(&format!("00-{}-{}-01", "0".repeat(32), "1".repeat(16))));
    }
}
