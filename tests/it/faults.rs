//! The fault matrix: what a client makes of everything that can go wrong between it and the server,
//! over real sockets. A row of the matrix is a test, or several, whose name begins with the row's id;
//! within it, one line is one fault, and each fault meets a command of each class.

mod answers;
mod calls;
mod codes;
mod connecting;
mod exchange;
mod harness;
mod keep_alive;
mod matrix;
mod rest;
mod sockets;
mod statuses;
