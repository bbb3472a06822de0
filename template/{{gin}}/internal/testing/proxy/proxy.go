// Package proxy stands between a client and a server, and can cut their connections.
package proxy

import (
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
)

// Proxy forwards connections.
type Proxy struct {
	listener net.Listener
	target   string

	mutex       sync.Mutex
	connections []net.Conn
}

// To begins to forward connections to the server of a URL, until the test ends. It answers the URL that leads there by
// the proxy.
func To(t *testing.T, target string) (*Proxy, string) {
	t.Helper()
	address, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	proxy := &Proxy{listener: listener, target: address.Host}
	go proxy.accept()
	t.Cleanup(func() {
		_ = listener.Close()
		proxy.Cut()
	})
	address.Host = listener.Addr().String()
	return proxy, address.String()
}

// Cut ends all connections.
func (p *Proxy) Cut() {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for _, connection := range p.connections {
		_ = connection.Close()
	}
	p.connections = nil
}

// Count is how many connections there are.
func (p *Proxy) Count() int {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	return len(p.connections) / 2
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.target)
		if err != nil {
			_ = client.Close()
			continue
		}
		p.mutex.Lock()
		p.connections = append(p.connections, client, server)
		p.mutex.Unlock()
		go forward(client, server)
		go forward(server, client)
	}
}

func forward(from, to net.Conn) {
	_, _ = io.Copy(to, from)
	_ = from.Close()
	_ = to.Close()
}
