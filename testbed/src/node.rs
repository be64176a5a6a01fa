//! One server process.

use std::{
    fs::{self, File},
    net::SocketAddr,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use crate::{Conn, Endpoint, Error, leash::Leash, ports::loopback};

/// Options of a server's configuration file; the last one of a name counts.
pub(crate) type Options = Vec<(String, String)>;

/// One server process with its folder and its port.
pub(crate) struct Node {
    binary: PathBuf,
    folder: PathBuf,
    port: u16,
    password: Option<String>,
    leash: Arc<Leash>,
    child: Mutex<Option<Child>>,
}

impl Node {
    /// Prepares a folder and configuration file; nothing runs yet.
    pub(crate) fn prepare(
        binary: &Path,
        home: &Home,
        port: u16,
        options: &Options,
        password: Option<&str>,
    ) -> Result<Self, Error> {
        let folder = home.folder.join(port.to_string());
        fs::create_dir_all(&folder).map_err(Error::io(format!("create {}", folder.display())))?;
        let conf = folder.join("server.conf");
        let text = configuration(&folder, port, options, password);
        fs::write(&conf, text).map_err(Error::io(format!("write {}", conf.display())))?;
        Ok(Self {
            binary: binary.to_owned(),
            folder,
            port,
            password: password.map(str::to_owned),
            leash: Arc::clone(&home.leash),
            child: Mutex::new(None),
        })
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        loopback(self.port)
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The process's number while it runs.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.child().as_ref().map(Child::id)
    }

    /// Starts the process; [`Self::wait_up`] tells when it serves.
    pub(crate) fn spawn(&self) -> Result<(), Error> {
        let mut slot = self.child();
        if slot.is_some() {
            return Err(Error::Usage(format!("the server on port {} runs already", self.port)));
        }
        let out = File::create(self.folder.join("out")).map_err(Error::io("create the server's output file"))?;
        let err = out.try_clone().map_err(Error::io("share the server's output file"))?;
        let child = Command::new(&self.binary)
            .arg(self.folder.join("server.conf"))
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .stdout(out)
            .stderr(err)
            .process_group(0)
            .spawn()
            .map_err(Error::io(format!("start {}", self.binary.display())))?;
        let pid = child.id();
        *slot = Some(child);
        self.leash.hold(pid)
    }

    /// An authenticated connection, once this very process serves its port.
    pub(crate) fn wait_up(&self) -> Result<Conn, Error> {
        let deadline = Instant::now() + START_TIMEOUT;
        loop {
            if self.has_exited()? {
                return Err(self.explain_exit());
            }
            match self.connect_and_identify() {
                Ok(Some(conn)) => return Ok(conn),
                Err(error @ Error::PortTaken(_)) => return Err(error),
                Ok(None) | Err(_) if Instant::now() < deadline => thread::sleep(POLL),
                Ok(None) => return Err(Error::Timeout(format!("{} to load its data", self.addr()))),
                Err(error) => return Err(Error::Start(format!("{error}; {}", self.log_end()))),
            }
        }
    }

    /// An authenticated connection.
    pub(crate) fn connect(&self) -> Result<Conn, Error> {
        self.endpoint().connect(self.addr())
    }

    /// An authenticated connection that waits no longer than this for anything.
    pub(crate) fn connect_within(&self, timeout: Duration) -> Result<Conn, Error> {
        self.endpoint().connect_within(self.addr(), timeout)
    }

    /// Kills the process (SIGKILL) and waits for its end; nothing when it does not run.
    pub(crate) fn kill(&self) -> Result<(), Error> {
        let Some(mut child) = self.child().take() else { return Ok(()) };
        // An error of `kill` means that it has already ended.
        let _ = child.kill();
        child.wait().map_err(Error::io("wait for a server's end"))?;
        self.leash.release(child.id())
    }

    /// Sends a signal by its name, such as `STOP`.
    pub(crate) fn signal(&self, name: &str) -> Result<(), Error> {
        let pid = self.pid().ok_or_else(|| Error::Usage(format!("no server runs on port {}", self.port)))?;
        send_signal(pid, name)
    }

    fn endpoint(&self) -> Endpoint {
        Endpoint { seeds: vec![self.addr()], password: self.password.clone(), db: 0 }
    }

    /// A foreign server may sit on the port: it would look like ours but for the process's number.
    fn connect_and_identify(&self) -> Result<Option<Conn>, Error> {
        let mut conn = match self.connect() {
            Ok(conn) => conn,
            Err(error @ Error::Reply { .. }) if error.code() == "LOADING" => return Ok(None),
            Err(Error::Reply { .. }) => return Err(Error::PortTaken(self.addr())),
            Err(error) => return Err(error),
        };
        let served_by = conn.info("process_id")?;
        if Some(served_by) != self.pid().map(|pid| pid.to_string()) {
            return Err(Error::PortTaken(self.addr()));
        }
        Ok((conn.info("loading")? == "0").then_some(conn))
    }

    fn has_exited(&self) -> Result<bool, Error> {
        let mut slot = self.child();
        let Some(child) = slot.as_mut() else { return Ok(true) };
        Ok(child.try_wait().map_err(Error::io("look after a server"))?.is_some())
    }

    fn explain_exit(&self) -> Error {
        let log = self.log_end();
        if log.contains("Address already in use") || log.contains("Failed listening on port") {
            return Error::PortTaken(self.addr());
        }
        Error::Start(format!("{} ended at once: {log}", self.binary.display()))
    }

    /// The last lines that the server wrote.
    pub(crate) fn log_end(&self) -> String {
        let read = |name: &str| fs::read_to_string(self.folder.join(name)).unwrap_or_default();
        let text = read("out") + &read("log");
        let lines: Vec<_> = text.lines().collect();
        lines.get(lines.len().saturating_sub(LOG_LINES)..).unwrap_or_default().join("\n")
    }

    fn child(&self) -> MutexGuard<'_, Option<Child>> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // Nobody is left to hear of a failure, and the leash kills what is left.
        let _ = self.kill();
    }
}

/// The folder in which a group of servers lives, and the leash that ends them all.
pub(crate) struct Home {
    pub(crate) folder: PathBuf,
    pub(crate) leash: Arc<Leash>,
}

impl Home {
    /// A new folder in the temporary folder.
    pub(crate) fn create(purpose: &str) -> Result<Self, Error> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let name = format!("testbed-{purpose}-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(name);
        // A process of this number that ended long ago may have left one.
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).map_err(Error::io(format!("create {}", folder.display())))?;
        let leash = Arc::new(Leash::new(&folder)?);
        Ok(Self { folder, leash })
    }
}

/// Sends a signal by its name to a process.
pub(crate) fn send_signal(pid: u32, name: &str) -> Result<(), Error> {
    // `kill` is built into every shell, while the program of that name is a package of its own.
    let status = Command::new("/bin/sh")
        .args(["-c", "kill -s \"$1\" \"$2\"", "kill", name, &pid.to_string()])
        .stdin(Stdio::null())
        .status()
        .map_err(Error::io("start /bin/sh"))?;
    if status.success() { Ok(()) } else { Err(Error::Usage(format!("process {pid} could not be sent SIG{name}"))) }
}

/// Runs `attempt` again with other ports when one of them turned out to be taken.
pub(crate) fn retry_ports<T>(mut attempt: impl FnMut() -> Result<T, Error>) -> Result<T, Error> {
    let mut tries = 1;
    loop {
        match attempt() {
            Err(Error::PortTaken(_)) if tries < PORT_TRIES => tries += 1,
            outcome => return outcome,
        }
    }
}

fn configuration(folder: &Path, port: u16, options: &Options, password: Option<&str>) -> String {
    let folder = folder.display();
    let mut text = format!(
        "port {port}\nbind 127.0.0.1\nprotected-mode no\ndaemonize no\ndir {folder}\nlogfile {folder}/log\n\
         save \"\"\nappendonly no\nrepl-diskless-sync-delay 0\n"
    );
    if let Some(password) = password {
        text.push_str(&format!("requirepass {password}\nmasterauth {password}\n"));
    }
    for (name, value) in options {
        text.push_str(&format!("{name} {value}\n"));
    }
    text
}

/// How often a condition is looked at.
pub(crate) const POLL: Duration = Duration::from_millis(10);

const START_TIMEOUT: Duration = Duration::from_secs(20);
const PORT_TRIES: u32 = 5;
const LOG_LINES: usize = 12;
