#[cfg(feature = "data")]
use std::path::PathBuf;
use std::{
    fmt,
    net::Ipv4Addr,
    sync::{Arc, Mutex},
};

use replykit_transport::{ReqwestTransport, TokioWebSockets};
use tokio::{net::TcpListener, sync::watch, task::spawn};

use crate::{
    Sandbox, Shared, StartError, autoreply_app::App, clock::Clock, convrs, crm, data::File,
    lead_reply, pacing::Pacing, server, session,
};

/// Settings of a [`Sandbox`].
#[must_use = "call start()"]
pub struct SandboxBuilder {
    port: u16,
    token: String,
    real_time: bool,
    #[cfg(feature = "data")]
    data: Option<PathBuf>,
}

impl SandboxBuilder {
    pub(crate) fn new() -> Self {
        Self {
            port: 0,
            token: "sandbox-token".to_owned(),
            real_time: false,
            #[cfg(feature = "data")]
            data: None,
        }
    }

    /// Listens on this port. Default: 0, a free one.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// The token that the Convrs API asks for. Default: `sandbox-token`.
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.token = token.into();
        self
    }

    /// Lets the clock run with the real time, from now.
    pub fn real_time(mut self) -> Self {
        self.real_time = true;
        self
    }

    /// Keeps what the two WhatsApp servers know in this file, an SQLite database, and begins with what is
    /// in it. One that is not there, or is empty, is begun, for its owner's eyes only. Default: nothing is
    /// kept. Feature `data`.
    ///
    /// What a request changes is in the file before its answer goes out, so the end of the process costs
    /// nothing. Faults that wait are not kept, nor are the Convrs API, the leads and the phone. The clock begins
    /// with the time of the last change, or the real time if it runs and that is later.
    ///
    /// One sandbox at a time has the file. Once it cannot be written any more, every request to the two
    /// servers is answered with status 500.
    ///
    /// ```
    /// use replykit_sandbox::Sandbox;
    ///
    /// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let file = std::env::temp_dir().join(format!("replykit-doc-{}.db", std::process::id()));
    /// let sandbox = Sandbox::builder().data(&file).start().await?;
    /// sandbox.crm().add_reply_rule("hours", "Mo-Fr 9-17");
    /// drop(sandbox);
    ///
    /// let sandbox = Sandbox::builder().data(&file).start().await?;
    /// assert!(sandbox.crm().person_writes("+40712345678", "Your hours?").is_some());
    /// # drop(sandbox);
    /// # Ok(std::fs::remove_file(&file)?) }
    /// ```
    #[cfg(feature = "data")]
    pub fn data(mut self, file: impl Into<PathBuf>) -> Self {
        self.data = Some(file.into());
        self
    }

    /// Starts the servers. Needs a running tokio runtime, with time and I/O.
    ///
    /// # Errors
    /// When the port is taken, the HTTP client for what the servers send cannot be set up, or the file
    /// of `data` is not to be used.
    pub async fn start(self) -> Result<Sandbox, StartError> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, self.port))
            .await
            .map_err(|source| StartError::Listen { port: self.port, source })?;
        let address = listener
            .local_addr()
            .map_err(|source| StartError::Listen { port: self.port, source })?;
        let clock = if self.real_time { Clock::running() } else { Clock::standing() };
        let base = format!("http://{address}");
        let lead_reply = lead_reply::State::new(base.clone());
        let mut crm = crm::State::new(base, clock.now());
        let mut session = session::State::new();
        let file = self.open(&mut crm, &mut session, &clock)?;
        let (running, until_dropped) = watch::channel(());
        let shared = Arc::new(Shared {
            transport: ReqwestTransport::builder().loopback_only().build()?,
            sockets: TokioWebSockets::builder().loopback_only().build()?,
            convrs: Mutex::new(convrs::State::new(self.token)),
            crm: Mutex::new(crm),
            session: Mutex::new(session),
            lead_reply: Mutex::new(lead_reply),
            file,
            app: App::default(),
            pacing: Pacing::new(),
            clock,
            running: until_dropped,
        });
        let mut tasks = vec![spawn(server::serve(listener, shared.clone())).abort_handle()];
        if self.real_time {
            tasks.push(spawn(shared.clone().keep_pace()).abort_handle());
        }
        Ok(Sandbox { shared, address, tasks, _running: running })
    }

    #[cfg(feature = "data")]
    fn open(
        &self,
        crm: &mut crm::State,
        session: &mut session::State,
        clock: &Clock,
    ) -> Result<Option<File>, StartError> {
        let Some(path) = &self.data else { return Ok(None) };
        let (file, then) = File::open(path, &mut [crm, session], clock.now())
            .map_err(|source| StartError::Data { path: path.clone(), source })?;
        clock.advance_to(then);
        Ok(Some(file))
    }

    #[cfg(not(feature = "data"))]
    fn open(
        &self,
        _crm: &mut crm::State,
        _session: &mut session::State,
        _clock: &Clock,
    ) -> Result<Option<File>, StartError> {
        Ok(None)
    }
}

impl fmt::Debug for SandboxBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SandboxBuilder")
            .field("port", &self.port)
            .field("real_time", &self.real_time)
            .finish_non_exhaustive()
    }
}
