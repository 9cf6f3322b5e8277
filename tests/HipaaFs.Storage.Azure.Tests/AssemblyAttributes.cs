using HipaaFs.Testing.Servers;
using Xunit;

[assembly: AssemblyFixture(typeof(AzuriteServer))]
