package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"golang.org/x/term"

	"service/internal/api/rest"
	"service/internal/domain"
	"service/internal/wiring"
)

type admin struct {
	Email string `arg:"" help:"With which to sign in."`
	Name  string `help:"What to call them." default:"Admin"`
}

// Run makes an admin, unless there is a user with this e-mail.
func (a admin) Run(ctx context.Context, console console) error {
	settings, err := prepared()
	if err != nil {
		return err
	}
	password, isGiven := os.LookupEnv("ADMIN_PASSWORD")
	if !isGiven {
		if password, err = console.askPassword(); err != nil {
			return err
		}
	}
	newUser, err := rest.CheckedUser(rest.UserCreate{
		Email: rest.Email(a.Email), Name: rest.Name(a.Name), Password: rest.Password(password), Role: "admin",
	})
	if err != nil {
		return err
	}
	if err := requireMigrations(ctx, settings); err != nil {
		return err
	}
	return withService(ctx, settings, func(service *wiring.Service) error {
		user, err := service.Users.Add(ctx, newUser)
		switch {
		case errors.Is(err, domain.ErrEmailTaken):
			console.print("There is a user %s already; nothing has changed.", newUser.Email)
		case err != nil:
			return err
		default:
			console.print("%s can sign in now, as an admin.", user.Email)
		}
		return nil
	})
}

func askPassword() (string, error) {
	first, err := askSecret("Password")
	if err != nil {
		return "", err
	}
	second, err := askSecret("Repeat for confirmation")
	if err == nil && first != second {
		err = fail("The two passwords differ; nothing has changed.")
	}
	return first, err
}

func askSecret(question string) (string, error) {
	fmt.Fprintf(os.Stderr, "%s: ", question)
	secret, err := term.ReadPassword(int(os.Stdin.Fd()))
	fmt.Fprintln(os.Stderr)
	if err != nil {
		return "", fail("There is nobody to ask for a password; set ADMIN_PASSWORD.")
	}
	return string(secret), nil
}
