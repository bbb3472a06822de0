//go:build darwin || freebsd || linux || netbsd || openbsd

package postgresql

import (
	"crypto/tls"
	"net"
	"syscall"
)

// hasToRead tells whether there is anything to read, if only the end, or none can tell.
func hasToRead(connection net.Conn) bool {
	if encrypted, isEncrypted := connection.(*tls.Conn); isEncrypted {
		connection = encrypted.NetConn()
	}
	socket, isSocket := connection.(syscall.Conn)
	if !isSocket {
		return true
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return true
	}
	var peeked error
	err = raw.Read(func(descriptor uintptr) bool {
		_, _, peeked = syscall.Recvfrom(int(descriptor), make([]byte, 1), syscall.MSG_PEEK)
		return true
	})
	return err != nil || peeked != syscall.EAGAIN
}
