using HipaaFs.Core.Tests.Durability;

[assembly: AssemblyFixture(typeof(NonceWatch))]
