using HipaaFs.Fuzz.Fuse;

return args switch
{
    ["fuse", .. string[] options] => FuseFuzzer.Run(options),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine("""
        usage: HipaaFs.Fuzz TARGET [--seconds N] [--seed S]
          fuse   the parser and dispatcher of kernel requests
        """);
    return 2;
}
