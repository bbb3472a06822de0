// Command service is the service, and what there is to do with it: service --help.
package main

func main() {}
