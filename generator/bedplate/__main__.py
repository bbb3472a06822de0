from bedplate.main import main

main()
